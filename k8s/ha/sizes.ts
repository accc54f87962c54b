// How much the pods of the operator write on the disks of their nodes, in MiB.

/** Of an instance: the operator's program, which its first container copies there, the socket, and log that is being restored. */
export const TEMPORARY_MIB = 1024;

/** Of a pooler: the operator's program, the configuration and the socket. The operator gives this folder no limit of its own. */
export const POOLER_SCRATCH_MIB = 256;

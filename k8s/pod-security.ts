// What the "restricted" pod security level asks of every pod and container here.

/** The user a pod runs as; volumes are given to its group. Kubernetes' provider wants strings. */
export function podSecurity(uid: number, gid: number) {
  return {
    runAsNonRoot: true,
    runAsUser: String(uid),
    runAsGroup: String(gid),
    fsGroup: String(gid),
    // "Always" would make PGDATA group-writable on each start, which PostgreSQL refuses.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** No privilege to gain, no capability, nothing writable but what is mounted. */
export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
};

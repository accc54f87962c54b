// What the pod security level "restricted" requires of every pod and container.

/** The user that a pod runs as. Its group owns the volumes. The provider expects strings. */
export function podSecurity(uid: number, gid: number) {
  return {
    runAsNonRoot: true,
    runAsUser: String(uid),
    runAsGroup: String(gid),
    fsGroup: String(gid),
    // "Always" would make PGDATA writable for the group at each start, and PostgreSQL refuses to start with that.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** No privileges, no capabilities, nothing writable except mounts. */
export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
};

// What `kubectl rollout restart` writes, which a deployment must not take away: that would be a restart, too.

/** For `lifecycle.ignoreChanges` of whatever has a pod template. */
export const RESTARTED_BY_HAND =
  'spec[0].template[0].metadata[0].annotations["kubectl.kubernetes.io/restartedAt"]';

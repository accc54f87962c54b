// The annotation that `kubectl rollout restart` writes. A deployment must not remove it, as that would be another restart.

/** For `lifecycle.ignoreChanges` of everything with a pod template. */
export const RESTARTED_BY_HAND =
  'spec[0].template[0].metadata[0].annotations["kubectl.kubernetes.io/restartedAt"]';

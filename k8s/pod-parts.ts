// What the pods of all components have in common: an identity, and what the pod security level "restricted" requires.
import { ServiceAccountV1 } from '@cdktf/provider-kubernetes/lib/service-account-v1';
import type { Construct } from 'constructs';
import { metadata, type Place } from './metadata';
import { quantityOf } from './quantity';

/**
 * Makes the identity that the pods of a component run under. None of them uses the Kubernetes API.
 * @param annotations that tell a cloud which of its identities goes with it
 * @returns reference to its name
 */
export function addServiceAccount(
  scope: Construct,
  place: Place,
  component: string,
  annotations: Readonly<Record<string, string>> = {},
): string {
  const { pullSecret } = place.config.kubernetes;
  const account = new ServiceAccountV1(scope, 'account', {
    metadata: {
      ...metadata(place, component),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    automountServiceAccountToken: false,
    ...(pullSecret === '' ? {} : { imagePullSecret: [{ name: pullSecret }] }),
  });
  return account.metadata.name;
}

/** For the spec of a pod that runs as this user, whose group owns the volumes. */
export function podIdentity(
  serviceAccount: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
) {
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      ...userOf({ uid, gid }),
      runAsNonRoot: true,
      fsGroup: String(gid),
      // "Always" would make PGDATA writable for the group at each start, and PostgreSQL refuses to start with that.
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

/** The provider expects text. */
export function userOf({ uid, gid }: { readonly uid: number; readonly gid: number }) {
  return { runAsUser: String(uid), runAsGroup: String(gid) };
}

/** No privileges, no capabilities, nothing writable except mounts. */
export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
};

/**
 * What a container may write on the disk of its node without a folder of its own: its output, as the root file system is
 * read-only. A node keeps five files of it, of 10 MiB by default; some clusters set more. It looks every ten seconds whether to
 * start the next one. The rest of this room is for what is written in between, because a pod that exceeds its limit is evicted.
 */
export const OUTPUT_MIB = 512;

/**
 * There is no limit on processor time: it would throttle in the middle of a query or request. The disk of the node is
 * requested in full, as memory is: when that disk gets full, pods that use more than they have requested are evicted first.
 * @param scratchMiB size of the pod's `emptyDir` folders on disk that this container writes to
 */
export function resources(cpu: string, memoryMiB: number, scratchMiB: number) {
  const memory = quantityOf(memoryMiB);
  const disk = { 'ephemeral-storage': quantityOf(OUTPUT_MIB + scratchMiB) };
  return { requests: { cpu, memory, ...disk }, limits: { memory, ...disk } };
}

/** Environment variables in the form that the provider expects, sorted by name. */
export function environment(variables: Readonly<Record<string, string>>) {
  return Object.entries(variables)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
}

/**
 * The annotation that `kubectl rollout restart` writes, for `lifecycle.ignoreChanges` of everything with a pod template. A
 * deployment must not remove it, as that would be another restart.
 */
export const RESTARTED_BY_HAND =
  'spec[0].template[0].metadata[0].annotations["kubectl.kubernetes.io/restartedAt"]';

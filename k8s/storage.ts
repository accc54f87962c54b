// Volumes: their claims, and our own storage class for clusters whose classes delete a volume with its claim or cannot grow it.
import { PersistentVolumeClaimV1 } from '@cdktf/provider-kubernetes/lib/persistent-volume-claim-v1';
import { StorageClassV1 } from '@cdktf/provider-kubernetes/lib/storage-class-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels, metadata, type Place } from './metadata';
import { quantityOf } from './quantity';

/** Name of the storage class that volumes ask for; empty for the cluster's default. */
export function storageClassName({ name, environment, kubernetes }: DeployConfig): string {
  const { storageClass, storageProvisioner } = kubernetes;
  return storageClass === '' && storageProvisioner !== '' ? `${name}-${environment}` : storageClass;
}

/**
 * Makes the class when `storageProvisioner` is given. A class is needed to make volumes, not to use them: with other
 * parameters, the class is made again under the same name, and existing volumes stay as they are.
 * @returns the class, or nothing
 */
export function addStorageClass(
  stack: Construct,
  config: DeployConfig,
  name = storageClassName(config),
): readonly StorageClassV1[] {
  const { storageProvisioner, storageParameters } = config.kubernetes;
  if (storageProvisioner === '') return [];
  return [
    new StorageClassV1(new Construct(stack, 'storage'), 'class', {
      metadata: { name, labels: kubernetesLabels(config, 'storage') },
      storageProvisioner,
      parameters: { ...storageParameters },
      allowVolumeExpansion: true,
      // The volume, and with it the data, stays when its claim is deleted.
      reclaimPolicy: 'Retain',
      // The volume is then made in the zone of the node that the pod is scheduled on.
      volumeBindingMode: 'WaitForFirstConsumer',
    }),
  ];
}

export interface ClaimProps {
  /** Of the construct. */
  readonly id: string;
  readonly component: string;
  /** End of its name: `-data` or `-backups`. */
  readonly suffix: string;
  readonly sizeGiB: number;
  /** The storage class, when this stack makes it. */
  readonly after?: readonly ITerraformDependable[];
}

/**
 * A larger size grows the volume in place, if its class allows expansion. A smaller one, or another storage class, would
 * mean a new and empty volume, because a claim cannot shrink. With `protectData` the plan refuses that and names the claim.
 */
export function addClaim(
  scope: Construct,
  place: Place,
  { id, component, suffix, sizeGiB, after }: ClaimProps,
): PersistentVolumeClaimV1 {
  const { config } = place;
  const className = storageClassName(config);
  return new PersistentVolumeClaimV1(scope, id, {
    metadata: metadata(place, component, `${config.name}${suffix}`),
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: quantityOf(sizeGiB * 1024) } },
      ...(className === '' ? {} : { storageClassName: className }),
    },
    // Most storage classes bind a volume when its first pod is scheduled, so waiting here would never end.
    waitUntilBound: false,
    lifecycle: { preventDestroy: config.protectData },
    ...(after === undefined ? {} : { dependsOn: [...after] }),
  });
}

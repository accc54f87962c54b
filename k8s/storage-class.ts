// Our own storage class, for clusters whose classes delete a volume with its claim or cannot grow it.
import { StorageClassV1 } from '@cdktf/provider-kubernetes/lib/storage-class-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from '../infra/core/names';

/** Name of the storage class that volumes ask for; empty for the cluster's default. */
export function storageClassName({ name, environment, kubernetes }: DeployConfig): string {
  const { storageClass, storageProvisioner } = kubernetes;
  return storageClass === '' && storageProvisioner !== '' ? `${name}-${environment}` : storageClass;
}

/** As part of a claim's `spec`. It is empty for the cluster's default. */
export function storageClassOf(config: DeployConfig): { readonly storageClassName?: string } {
  const name = storageClassName(config);
  return name === '' ? {} : { storageClassName: name };
}

/**
 * Makes the class when `storageProvisioner` is given. A class is needed to make volumes, not to use them: with other
 * parameters, the class is made again under the same name, and existing volumes stay as they are.
 * @returns the class, or nothing
 */
export function addStorageClass(scope: Construct, config: DeployConfig): readonly StorageClassV1[] {
  const { storageProvisioner, storageParameters } = config.kubernetes;
  if (storageProvisioner === '') return [];
  return [
    new StorageClassV1(new Construct(scope, 'storage'), 'class', {
      metadata: { name: storageClassName(config), labels: kubernetesLabels(config, 'storage') },
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

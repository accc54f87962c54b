// A storage class of our own, for clusters whose classes delete a volume with its claim or cannot grow it.
import { StorageClassV1 } from '@cdktf/provider-kubernetes/lib/storage-class-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from '../infra/core/names';

/** Name of the storage class that volumes ask for; empty for the cluster's default. */
export function storageClassName({ name, environment, kubernetes }: DeployConfig): string {
  const { storageClass, storageProvisioner } = kubernetes;
  return storageClass === '' && storageProvisioner !== '' ? `${name}-${environment}` : storageClass;
}

/** As part of a claim's `spec`: nothing where the cluster's default is wanted. */
export function storageClassOf(config: DeployConfig): { readonly storageClassName?: string } {
  const name = storageClassName(config);
  return name === '' ? {} : { storageClassName: name };
}

/**
 * Makes the class where `storageProvisioner` is given; gives it, or nothing. A class is needed to make a volume, not to use
 * one: other parameters make another class of the same name and leave existing volumes as they are.
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
      // In the zone of the node that the pod is placed on.
      volumeBindingMode: 'WaitForFirstConsumer',
    }),
  ];
}

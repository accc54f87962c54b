// Where the volumes of the kubernetes stack come from, read and checked.
import type { Reader } from './reader';

export interface StorageConfig {
  /** With a provisioner: what the storage class is called that the stack makes. */
  readonly storageClass: string;
  readonly storageProvisioner: string;
  readonly storageParameters: Readonly<Record<string, string>>;
}

/** Notes its faults in the reader. */
export function readStorage(read: Reader): StorageConfig {
  const storageProvisioner = read.optional(
    'TSDB_DEPLOY_STORAGE_PROVISIONER',
    /^[a-z0-9]([a-z0-9./-]*[a-z0-9])?$/,
    'the name of a provisioner such as disk.csi.azure.com',
  );
  const storageParameters = read.pairs(
    'TSDB_DEPLOY_STORAGE_PARAMETERS',
    /^[\w./-]{1,253}=[\w .@:/-]*$/,
    'pairs such as skuName=PremiumV2_LRS',
  );
  if (storageProvisioner === '' && Object.keys(storageParameters).length > 0)
    read.fault(
      'TSDB_DEPLOY_STORAGE_PARAMETERS belong to a storage class that this deployment makes; set TSDB_DEPLOY_STORAGE_PROVISIONER too, or take them away',
    );
  return {
    storageClass: read.optional(
      'TSDB_DEPLOY_STORAGE_CLASS',
      /^[a-z0-9][a-z0-9.-]*$/,
      'the name of a storage class',
    ),
    storageProvisioner,
    storageParameters,
  };
}

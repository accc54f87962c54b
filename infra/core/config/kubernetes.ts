// The settings of the kubernetes stack, read and checked.

import type { MachineSize } from '../machine-sizes';
import { IMAGE_REFERENCE, type Reader } from './reader';

export interface KubernetesConfig {
  readonly configPath: string;
  readonly context: string;
  readonly storageClass: string;
  readonly database: MachineSize;
  readonly apiReplicas: number;
  /** Empty when not given: the kubernetes stack then fails inside Terraform, and no other stack does. */
  readonly appImage: string;
}

/** Notes its faults in the reader. */
export function readKubernetes(read: Reader): KubernetesConfig {
  return {
    configPath: read.matching('TSDB_DEPLOY_KUBE_CONFIG', /^[^$%\n]+$/, 'a file path'),
    context: read.optional('TSDB_DEPLOY_KUBE_CONTEXT', /^[^$%\n]+$/, 'a context name'),
    storageClass: read.optional(
      'TSDB_DEPLOY_STORAGE_CLASS',
      /^[a-z0-9][a-z0-9.-]*$/,
      'the name of a storage class',
    ),
    database: {
      cpus: read.wholeNumber('TSDB_DEPLOY_DB_CPUS', 1, 128),
      memoryMiB: read.wholeNumber('TSDB_DEPLOY_DB_MEMORY_MIB', 512, 1_048_576),
    },
    apiReplicas: read.wholeNumber('TSDB_DEPLOY_API_REPLICAS', 1, 50),
    appImage: read.optional('TSDB_APP_IMAGE', IMAGE_REFERENCE, 'an image reference'),
  };
}

// The settings of the aks stack, read and checked.
import type { Reader } from './reader';

/** `settings/aks.ts` says what each value means. */
export interface AksConfig {
  /** Empty for the one that Azure proposes. */
  readonly version: string;
  readonly systemSize: string;
  readonly nodeSize: string;
  readonly nodes: number;
}

/** Notes its faults in the reader. */
export function readAks(read: Reader): AksConfig {
  return {
    version: read.optional('TSDB_DEPLOY_AKS_VERSION', /^1\.\d{2}(\.\d{1,2})?$/, 'a version such as 1.34'),
    systemSize: read.matching('TSDB_DEPLOY_AKS_SYSTEM_SIZE', WITH_LOCAL_DISK, SIZE),
    nodeSize: read.matching('TSDB_DEPLOY_AKS_NODE_SIZE', WITH_LOCAL_DISK, SIZE),
    // One in each zone: a volume stays in the zone where it was made.
    nodes: read.wholeNumber('TSDB_DEPLOY_AKS_NODES', 3, 100),
  };
}

// The "d" after the cores says that the machine has a disk of its own, which the node's system lives on.
const WITH_LOCAL_DISK = /^Standard_[A-Z]{1,2}\d{1,3}[a-z]*d[a-z]*_v\d$/;
const SIZE = 'a machine size with a local disk such as Standard_E4ds_v5';

// What the operator gives the containers of a node.
import type { DeployConfig } from '../../infra/core/config';
import type { OperatorObject } from '../ha/manifest';
import { quantityOf } from '../quantity';
import { type NodeKind, PROFILE_API, profileName } from './names';
import { BESIDE, JOBS, nodeSize } from './nodes';

/** The operator's `SGInstanceProfile`. Requests are as high as limits, so that no server is the first to be evicted. */
export function instanceProfile(config: DeployConfig, kind: NodeKind): OperatorObject {
  const { cpus, memoryMiB } = nodeSize(config, kind);
  const server = { cpu: String(cpus), memory: quantityOf(memoryMiB) };
  const containers = Object.fromEntries(
    Object.entries({ ...BESIDE, ...JOBS }).map(([name, size]) => [
      name,
      { cpu: `${size.milliCpus}m`, memory: quantityOf(size.memoryMiB) },
    ]),
  );
  return {
    id: `size-${kind}`,
    component: 'database',
    name: profileName(config, kind),
    apiVersion: PROFILE_API,
    kind: 'SGInstanceProfile',
    spec: { ...server, containers, requests: { ...server, containers } },
  };
}

// All rules that the kubernetes stack keeps, whatever its settings.
import type { PolicyRule } from '../../../infra/core/testing/policy';
import { CONTAINER_POLICY } from './container';
import { NAMESPACE_POLICY } from './namespace';
import { NETWORK_POLICY } from './network';
import { POD_POLICY } from './pod';
import { RESOURCE_POLICY } from './resources';
import { WORKLOAD_POLICY } from './workload';

export const KUBERNETES_POLICY: readonly PolicyRule[] = [
  ...NAMESPACE_POLICY,
  ...POD_POLICY,
  ...CONTAINER_POLICY,
  ...RESOURCE_POLICY,
  ...WORKLOAD_POLICY,
  ...NETWORK_POLICY,
];

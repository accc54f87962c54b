// All rules that the azure stack keeps, whatever its settings.
import type { PolicyRule } from '../../../core/testing/policy';
import { MACHINE_POLICY } from './machine';
import { NETWORK_POLICY } from './network';
import { STORAGE_POLICY } from './storage';
import { VAULT_POLICY } from './vault';

export const AZURE_POLICY: readonly PolicyRule[] = [
  ...NETWORK_POLICY,
  ...MACHINE_POLICY,
  ...VAULT_POLICY,
  ...STORAGE_POLICY,
];

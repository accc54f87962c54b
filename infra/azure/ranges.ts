// The ranges of the subnets within the /16 of the network. The stacks azure and aks have one such network each.
import type { DeployConfig } from '../core/config';

/** `10.20.0.0/16` gives `10.20.1.0/24` and so on. */
export function rangesOf({ azure }: DeployConfig) {
  const base = azure.networkRange.split('.').slice(0, 2).join('.');
  return {
    machine: `${base}.1.0/24`,
    // Where vault and storage get their private addresses.
    endpoints: `${base}.2.0/24`,
    bastion: `${base}.255.0/26`,
    // For nodes of the aks stack, their replacements and load balancers. Pods have other addresses, so 4096 are enough.
    nodes: `${base}.16.0/20`,
  };
}

// Rules of a network security group.
import type { NetworkSecurityGroupSecurityRule } from '@cdktf/provider-azurerm/lib/network-security-group';

export interface Opening {
  readonly priority: number;
  readonly port: number;
  readonly from: readonly string[];
  readonly to: string;
}

/** Lets TCP in. An empty list of networks means "nobody": no rule at all, because Azure has no rule without a source. */
export function allow(
  name: string,
  { priority, port, from, to }: Opening,
): readonly NetworkSecurityGroupSecurityRule[] {
  if (from.length === 0) return [];
  return [
    {
      name: `allow-${name}`,
      priority,
      direction: 'Inbound',
      access: 'Allow',
      protocol: 'Tcp',
      sourcePortRange: '*',
      sourceAddressPrefixes: [...from],
      destinationPortRange: String(port),
      destinationAddressPrefix: to,
    },
  ];
}

/** Azure's own last rules would let the whole virtual network in. */
export function denyTheRest(): NetworkSecurityGroupSecurityRule {
  return {
    name: 'deny-the-rest',
    priority: 4096,
    direction: 'Inbound',
    access: 'Deny',
    protocol: '*',
    sourcePortRange: '*',
    sourceAddressPrefix: '*',
    destinationPortRange: '*',
    destinationAddressPrefix: '*',
  };
}

// Rules for what may come into a subnet.
import {
  NetworkSecurityGroup,
  type NetworkSecurityGroupSecurityRule,
} from '@cdktf/provider-azurerm/lib/network-security-group';
import type { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import { SubnetNetworkSecurityGroupAssociation } from '@cdktf/provider-azurerm/lib/subnet-network-security-group-association';
import type { Construct } from 'constructs';
import { azureName } from '../core/names';
import { type PartProps, placeIn } from './place';

export interface GuardProps extends PartProps {
  readonly subnet: Subnet;
  /** Prefix of the name of the security group; see `azureName`. */
  readonly kind: string;
  /** What is let in; everything else is denied. */
  readonly rules: readonly NetworkSecurityGroupSecurityRule[];
}

/**
 * Puts rules on a subnet, and returns what must exist before anything is placed into it. The list is complete: a rule
 * that somebody adds by hand disappears with the next apply.
 */
export function guardSubnet(
  scope: Construct,
  { config, resourceGroup, subnet, kind, rules }: GuardProps,
): SubnetNetworkSecurityGroupAssociation {
  const group = new NetworkSecurityGroup(scope, 'rules', {
    ...placeIn(resourceGroup),
    name: azureName(config, kind),
    securityRule: [...rules, DENY_THE_REST],
  });
  return new SubnetNetworkSecurityGroupAssociation(scope, 'rules-on-subnet', {
    networkSecurityGroupId: group.id,
    subnetId: subnet.id,
  });
}

export interface Opening {
  readonly priority: number;
  readonly port: number;
  readonly from: readonly string[];
  readonly to: string;
}

/** Allows TCP. An empty list of networks gives no rule at all, because Azure requires a source. */
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

// Otherwise Azure's default rules would let in the whole virtual network.
const DENY_THE_REST: NetworkSecurityGroupSecurityRule = {
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

// Subnets, and the rules for what may come into them.
import {
  NetworkSecurityGroup,
  type NetworkSecurityGroupSecurityRule,
} from '@cdktf/provider-azurerm/lib/network-security-group';
import { Subnet, type SubnetConfig } from '@cdktf/provider-azurerm/lib/subnet';
import { SubnetNetworkSecurityGroupAssociation } from '@cdktf/provider-azurerm/lib/subnet-network-security-group-association';
import type { VirtualNetwork } from '@cdktf/provider-azurerm/lib/virtual-network';
import type { Construct } from 'constructs';
import { azureName } from '../core/names';
import { type Place, placed } from './place';

export interface SubnetProps {
  /** End of the names of the subnet and its rules: `-aks` gives `snet-aks` and `nsg-aks`. */
  readonly suffix: '' | '-endpoints' | '-aks';
  readonly network: VirtualNetwork;
  readonly range: string;
  /** What is let in; everything else is denied. */
  readonly rules: readonly NetworkSecurityGroupSecurityRule[];
  /** What this subnet has in addition. */
  readonly options?: Partial<SubnetConfig>;
}

/**
 * Adds a subnet with its rules. `guard` must exist before anything is placed into the subnet. The list of rules is
 * complete: a rule that somebody adds by hand disappears with the next apply.
 */
export function addSubnet(scope: Construct, place: Place, props: SubnetProps) {
  const subnet = new Subnet(scope, 'subnet', {
    name: azureName(place.config, `snet${props.suffix}`),
    resourceGroupName: place.resourceGroup.name,
    virtualNetworkName: props.network.name,
    addressPrefixes: [props.range],
    // What is in the subnets has another way out where it needs one; Azure is retiring implicit outbound access.
    defaultOutboundAccessEnabled: false,
    ...props.options,
  });
  const group = new NetworkSecurityGroup(scope, 'rules', {
    ...placed(place, `nsg${props.suffix}`),
    securityRule: [...props.rules, DENY_THE_REST],
  });
  const guard = new SubnetNetworkSecurityGroupAssociation(scope, 'rules-on-subnet', {
    networkSecurityGroupId: group.id,
    subnetId: subnet.id,
  });
  return { subnet, guard };
}

/** Any traffic into a subnet, for a rule to narrow down. */
export const INBOUND = {
  direction: 'Inbound',
  protocol: '*',
  sourcePortRange: '*',
  destinationPortRange: '*',
} as const;

export interface Opening {
  readonly priority: number;
  readonly port: number;
  readonly from: readonly string[];
  readonly to: string;
}

/** Allows TCP. An empty list of networks gives no rule at all, because Azure requires a source. */
export function allow(name: string, { priority, port, from, to }: Opening) {
  if (from.length === 0) return [];
  return [
    {
      ...INBOUND,
      name: `allow-${name}`,
      priority,
      access: 'Allow',
      protocol: 'Tcp',
      sourceAddressPrefixes: [...from],
      destinationPortRange: String(port),
      destinationAddressPrefix: to,
    },
  ];
}

// Otherwise Azure's default rules would let in the whole virtual network.
const DENY_THE_REST = {
  ...INBOUND,
  name: 'deny-the-rest',
  priority: 4096,
  access: 'Deny',
  sourceAddressPrefix: '*',
  destinationAddressPrefix: '*',
};

// Network of the database machine: one subnet, one list of rules, one public address, one interface.

import { NetworkInterface } from '@cdktf/provider-azurerm/lib/network-interface';
import {
  NetworkSecurityGroup,
  type NetworkSecurityGroupSecurityRule,
} from '@cdktf/provider-azurerm/lib/network-security-group';
import { PublicIp } from '@cdktf/provider-azurerm/lib/public-ip';
import type { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import { SubnetNetworkSecurityGroupAssociation } from '@cdktf/provider-azurerm/lib/subnet-network-security-group-association';
import { VirtualNetwork } from '@cdktf/provider-azurerm/lib/virtual-network';
import { Construct } from 'constructs';
import type { DeployConfig } from '../core/config';
import { azureName } from '../core/names';

export interface NetworkProps {
  readonly config: DeployConfig;
  readonly resourceGroup: ResourceGroup;
}

const NETWORK_RANGE = '10.20.0.0/16';
const SUBNET_RANGE = '10.20.1.0/24';

/** There is no rule for the database port: the database is reached from the machine itself or by SSH tunnel. */
export class Network extends Construct {
  readonly publicIp: PublicIp;
  readonly networkInterface: NetworkInterface;

  constructor(scope: Construct, id: string, { config, resourceGroup }: NetworkProps) {
    super(scope, id);
    const { sshCidrs, apiCidrs, zone, dnsLabel } = config.azure;
    const place = { location: resourceGroup.location, resourceGroupName: resourceGroup.name };

    const network = new VirtualNetwork(this, 'network', {
      ...place,
      name: azureName(config, 'vnet'),
      addressSpace: [NETWORK_RANGE],
    });
    const subnet = new Subnet(this, 'subnet', {
      name: azureName(config, 'snet'),
      resourceGroupName: resourceGroup.name,
      virtualNetworkName: network.name,
      addressPrefixes: [SUBNET_RANGE],
      // Outbound traffic leaves by the public address; Azure is retiring the implicit way out.
      defaultOutboundAccessEnabled: false,
    });
    // Rules inside the group are authoritative: a rule added by hand disappears with the next apply.
    const group = new NetworkSecurityGroup(this, 'rules', {
      ...place,
      name: azureName(config, 'nsg'),
      securityRule: [
        ...allow('https', { priority: 100, port: 443, from: apiCidrs }),
        ...allow('ssh', { priority: 110, port: 22, from: sshCidrs }),
        denyTheRest(),
      ],
    });
    const guard = new SubnetNetworkSecurityGroupAssociation(this, 'rules-on-subnet', {
      networkSecurityGroupId: group.id,
      subnetId: subnet.id,
    });
    this.publicIp = new PublicIp(this, 'address', {
      ...place,
      name: azureName(config, 'pip'),
      allocationMethod: 'Static',
      sku: 'Standard',
      zones: [zone],
      ...(dnsLabel === '' ? {} : { domainNameLabel: dnsLabel }),
    });
    this.networkInterface = new NetworkInterface(this, 'interface', {
      ...place,
      name: azureName(config, 'nic'),
      acceleratedNetworkingEnabled: true,
      ipForwardingEnabled: false,
      ipConfiguration: [
        {
          name: 'primary',
          subnetId: subnet.id,
          privateIpAddressAllocation: 'Dynamic',
          publicIpAddressId: this.publicIp.id,
        },
      ],
      // No interface, hence no machine, before the rules are in force.
      dependsOn: [guard],
    });
  }
}

interface Opening {
  readonly priority: number;
  readonly port: number;
  readonly from: readonly string[];
}

// An empty list of networks must mean "nobody": no rule at all, because Azure has no rule without a source.
function allow(name: string, { priority, port, from }: Opening): readonly NetworkSecurityGroupSecurityRule[] {
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
      destinationAddressPrefix: SUBNET_RANGE,
    },
  ];
}

// Azure's own last rules would let the whole virtual network in.
function denyTheRest(): NetworkSecurityGroupSecurityRule {
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

// Network of the database machine: one subnet, one list of rules, one interface, and outbound access.
import { NatGateway } from '@cdktf/provider-azurerm/lib/nat-gateway';
import { NatGatewayPublicIpAssociation } from '@cdktf/provider-azurerm/lib/nat-gateway-public-ip-association';
import { NetworkInterface } from '@cdktf/provider-azurerm/lib/network-interface';
import { PublicIp } from '@cdktf/provider-azurerm/lib/public-ip';
import type { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import { SubnetNatGatewayAssociation } from '@cdktf/provider-azurerm/lib/subnet-nat-gateway-association';
import { VirtualNetwork } from '@cdktf/provider-azurerm/lib/virtual-network';
import { Construct } from 'constructs';
import { type Place, placed } from './place';
import { rangesOf } from './ranges';
import { addSubnet, allow } from './subnet';

/**
 * No rule opens the database port: clients use an SSH tunnel or run on the machine itself.
 * @returns among others `address`, the public one, or the private one of a machine that has no other
 */
export function addNetwork(stack: Construct, place: Place) {
  const scope = new Construct(stack, 'network');
  const { apiCidrs, sshCidrs, parts, exposure, networkRange, dnsLabel, eventHubs } = place.config.azure;
  const ranges = rangesOf(place.config);
  const network = new VirtualNetwork(scope, 'network', {
    ...placed(place, 'vnet'),
    addressSpace: [networkRange],
  });
  const { subnet, guard } = addSubnet(scope, place, {
    suffix: '',
    network,
    range: ranges.machine,
    rules: [
      ...allow('https', { priority: 100, port: 443, from: apiCidrs, to: ranges.machine }),
      ...allow('ssh', { priority: 110, port: 22, from: sshCidrs, to: ranges.machine }),
      ...allow('ssh-from-bastion', {
        priority: 120,
        port: 22,
        from: parts.includes('bastion') ? [ranges.bastion] : [],
        to: ranges.machine,
      }),
    ],
    // The firewalls of vault, storage and Event Hubs allow this subnet.
    options: {
      serviceEndpoints: [
        ...(eventHubs === 'none' || parts.includes('private-endpoints') ? [] : ['Microsoft.EventHub']),
        'Microsoft.KeyVault',
        'Microsoft.Storage',
      ],
    },
  });
  const exit = parts.includes('nat') ? [addNatGateway(scope, place, subnet)] : [];
  const label = dnsLabel === '' ? {} : { domainNameLabel: dnsLabel };
  const publicIp =
    exposure === 'public'
      ? new PublicIp(scope, 'address', { ...zonalAddress(place, 'pip'), ...label })
      : undefined;
  const networkInterface = new NetworkInterface(scope, 'interface', {
    ...placed(place, 'nic'),
    acceleratedNetworkingEnabled: true,
    ipForwardingEnabled: false,
    ipConfiguration: [
      {
        name: 'primary',
        subnetId: subnet.id,
        privateIpAddressAllocation: 'Dynamic',
        ...(publicIp === undefined ? {} : { publicIpAddressId: publicIp.id }),
      },
    ],
    // The machine needs this interface, so it starts only once the rules are in force and outbound access works.
    dependsOn: [guard, ...exit],
  });
  const address = publicIp?.ipAddress ?? networkInterface.privateIpAddress;
  return { network, subnet, networkInterface, address };
}

function addNatGateway(scope: Construct, place: Place, subnet: Subnet): SubnetNatGatewayAssociation {
  const gateway = new NatGateway(scope, 'exit', {
    ...placed(place, 'ng'),
    skuName: 'Standard',
    zones: [place.config.azure.zone],
  });
  const publicIp = new PublicIp(scope, 'exit-address', zonalAddress(place, 'pip-exit'));
  const address = new NatGatewayPublicIpAssociation(scope, 'exit-has-address', {
    natGatewayId: gateway.id,
    publicIpAddressId: publicIp.id,
  });
  return new SubnetNatGatewayAssociation(scope, 'exit-of-subnet', {
    natGatewayId: gateway.id,
    subnetId: subnet.id,
    dependsOn: [address],
  });
}

function zonalAddress(place: Place, kind: string) {
  return {
    ...placed(place, kind),
    allocationMethod: 'Static',
    sku: 'Standard',
    zones: [place.config.azure.zone],
  };
}

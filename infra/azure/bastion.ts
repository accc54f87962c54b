// The way to a shell without a public address: Azure's own jump host (optional part `bastion`).
import { BastionHost } from '@cdktf/provider-azurerm/lib/bastion-host';
import { PublicIp } from '@cdktf/provider-azurerm/lib/public-ip';
import { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import type { VirtualNetwork } from '@cdktf/provider-azurerm/lib/virtual-network';
import { Construct } from 'constructs';
import { type Place, placed } from './place';
import { rangesOf } from './ranges';

/** The cheapest tier that supports tunnels for the operator's own SSH client, and so for database clients. */
export function addBastion(stack: Construct, place: Place, network: VirtualNetwork): BastionHost {
  const scope = new Construct(stack, 'bastion');
  const subnet = new Subnet(scope, 'subnet', {
    // Azure insists on this name.
    name: 'AzureBastionSubnet',
    resourceGroupName: place.resourceGroup.name,
    virtualNetworkName: network.name,
    addressPrefixes: [rangesOf(place.config).bastion],
  });
  const address = new PublicIp(scope, 'address', {
    ...placed(place, 'pip-bas'),
    allocationMethod: 'Static',
    sku: 'Standard',
  });
  return new BastionHost(scope, 'host', {
    ...placed(place, 'bas'),
    sku: 'Standard',
    tunnelingEnabled: true,
    ipConfiguration: { name: 'primary', subnetId: subnet.id, publicIpAddressId: address.id },
  });
}

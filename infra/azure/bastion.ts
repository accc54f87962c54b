// The way to a shell without a public address: Azure's own jump host (optional part `bastion`).
import { BastionHost } from '@cdktf/provider-azurerm/lib/bastion-host';
import { PublicIp } from '@cdktf/provider-azurerm/lib/public-ip';
import { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import type { Network } from './network';
import { type PartProps, placeIn } from './place';
import { rangesOf } from './ranges';

export interface BastionProps extends PartProps {
  readonly network: Network;
}

/** The cheapest tier that supports tunnels for the operator's own SSH client, and so for database clients. */
export class Bastion extends Construct {
  readonly host: BastionHost;

  constructor(scope: Construct, id: string, { config, resourceGroup, network }: BastionProps) {
    super(scope, id);
    const subnet = new Subnet(this, 'subnet', {
      // Azure insists on this name.
      name: 'AzureBastionSubnet',
      resourceGroupName: resourceGroup.name,
      virtualNetworkName: network.network.name,
      addressPrefixes: [rangesOf(config).bastion],
    });
    const address = new PublicIp(this, 'address', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'pip-bas'),
      allocationMethod: 'Static',
      sku: 'Standard',
    });
    this.host = new BastionHost(this, 'host', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'bas'),
      sku: 'Standard',
      tunnelingEnabled: true,
      ipConfiguration: { name: 'primary', subnetId: subnet.id, publicIpAddressId: address.id },
    });
  }
}

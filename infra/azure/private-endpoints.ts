// Private addresses for vault and storage (optional part `private-endpoints`). Their public addresses are then closed.
import type { KeyVault } from '@cdktf/provider-azurerm/lib/key-vault';
import { PrivateDnsZone } from '@cdktf/provider-azurerm/lib/private-dns-zone';
import { PrivateDnsZoneVirtualNetworkLink } from '@cdktf/provider-azurerm/lib/private-dns-zone-virtual-network-link';
import { PrivateEndpoint } from '@cdktf/provider-azurerm/lib/private-endpoint';
import type { StorageAccount } from '@cdktf/provider-azurerm/lib/storage-account';
import { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import type { Network } from './network';
import { allow, guardSubnet } from './network-rules';
import { type PartProps, placeIn } from './place';
import { rangesOf } from './ranges';

export interface PrivateEndpointsProps extends PartProps {
  readonly network: Network;
  readonly vault: KeyVault;
  readonly account: StorageAccount;
}

/** Terraform must then run inside the network, or in a peered network that resolves the private DNS zones. */
export class PrivateEndpoints extends Construct {
  /** What has to be there before secrets and blobs can be written. */
  readonly endpoints: readonly PrivateEndpoint[];

  constructor(scope: Construct, id: string, props: PrivateEndpointsProps) {
    super(scope, id);
    const subnet = this.addSubnet(props);
    this.endpoints = [
      this.addEndpoint(props, subnet, {
        kind: 'vault',
        zone: 'privatelink.vaultcore.azure.net',
        target: props.vault.id,
      }),
      this.addEndpoint(props, subnet, {
        kind: 'blob',
        zone: 'privatelink.blob.core.windows.net',
        target: props.account.id,
      }),
    ];
  }

  private addSubnet(props: PrivateEndpointsProps): Subnet {
    const { config, resourceGroup, network } = props;
    const { endpoints } = rangesOf(config);
    const subnet = new Subnet(this, 'subnet', {
      name: azureName(config, 'snet-endpoints'),
      resourceGroupName: resourceGroup.name,
      virtualNetworkName: network.network.name,
      addressPrefixes: [endpoints],
      defaultOutboundAccessEnabled: false,
      // Without it, the rules below would not apply to private endpoints.
      privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled',
    });
    const rules = allow('https', {
      priority: 100,
      port: 443,
      from: [config.azure.networkRange],
      to: endpoints,
    });
    guardSubnet(this, { ...props, subnet, kind: 'nsg-endpoints', rules });
    return subnet;
  }

  private addEndpoint(
    { config, resourceGroup, network }: PrivateEndpointsProps,
    subnet: Subnet,
    { kind, zone, target }: EndpointTarget,
  ): PrivateEndpoint {
    const names = new PrivateDnsZone(this, `${kind}-names`, {
      name: zone,
      resourceGroupName: resourceGroup.name,
    });
    const link = new PrivateDnsZoneVirtualNetworkLink(this, `${kind}-names-in-network`, {
      name: azureName(config, kind),
      resourceGroupName: resourceGroup.name,
      privateDnsZoneName: names.name,
      virtualNetworkId: network.network.id,
    });
    return new PrivateEndpoint(this, `${kind}-endpoint`, {
      ...placeIn(resourceGroup),
      name: azureName(config, `pe-${kind}`),
      subnetId: subnet.id,
      privateServiceConnection: {
        name: kind,
        isManualConnection: false,
        privateConnectionResourceId: target,
        subresourceNames: [kind],
      },
      privateDnsZoneGroup: { name: kind, privateDnsZoneIds: [names.id] },
      dependsOn: [link],
    });
  }
}

interface EndpointTarget {
  /** Azure's name for the service of the target that the endpoint connects to. */
  readonly kind: 'vault' | 'blob';
  readonly zone: string;
  readonly target: string;
}

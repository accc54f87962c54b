// Private addresses for vault, storage and Event Hubs (optional part `private-endpoints`). Their public addresses are then closed.
import { PrivateDnsZone } from '@cdktf/provider-azurerm/lib/private-dns-zone';
import { PrivateDnsZoneVirtualNetworkLink } from '@cdktf/provider-azurerm/lib/private-dns-zone-virtual-network-link';
import { PrivateEndpoint } from '@cdktf/provider-azurerm/lib/private-endpoint';
import type { VirtualNetwork } from '@cdktf/provider-azurerm/lib/virtual-network';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import type { EventHubs } from './event-hubs';
import { EVENT_HUBS_PORT } from './machine-consumers';
import { type Place, placed } from './place';
import { rangesOf } from './ranges';
import type { Vault } from './secrets';
import type { Storage } from './storage';
import { addSubnet, allow } from './subnet';

export interface PrivateEndpointsProps {
  readonly network: VirtualNetwork;
  readonly vault: Vault;
  readonly storage: Storage;
  readonly eventHubs: EventHubs | undefined;
}

/**
 * Terraform must then run inside the network, or in a peered network that resolves the private DNS zones.
 * @returns what has to be there before secrets and blobs can be written
 */
export function addPrivateEndpoints(
  stack: Construct,
  place: Place,
  { network, vault, storage, eventHubs }: PrivateEndpointsProps,
): readonly PrivateEndpoint[] {
  const scope = new Construct(stack, 'endpoints');
  const { config, resourceGroup } = place;
  const { endpoints } = rangesOf(config);
  const { subnet } = addSubnet(scope, place, {
    suffix: '-endpoints',
    network,
    range: endpoints,
    rules: [
      ...allow('https', { priority: 100, port: 443, from: [config.azure.networkRange], to: endpoints }),
      ...allow('kafka', {
        priority: 110,
        port: EVENT_HUBS_PORT,
        from: eventHubs === undefined ? [] : [config.azure.networkRange],
        to: endpoints,
      }),
    ],
    // Without it, the rules would not apply to private endpoints.
    options: { privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled' },
  });
  // The kind is Azure's name for the service of the target that the endpoint connects to.
  const addEndpoint = (
    kind: 'vault' | 'blob' | 'namespace',
    zone: string,
    target: string,
  ): PrivateEndpoint => {
    const names = new PrivateDnsZone(scope, `${kind}-names`, {
      name: zone,
      resourceGroupName: resourceGroup.name,
    });
    const link = new PrivateDnsZoneVirtualNetworkLink(scope, `${kind}-names-in-network`, {
      name: azureName(config, kind),
      resourceGroupName: resourceGroup.name,
      privateDnsZoneName: names.name,
      virtualNetworkId: network.id,
    });
    return new PrivateEndpoint(scope, `${kind}-endpoint`, {
      ...placed(place, `pe-${kind}`),
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
  };
  return [
    addEndpoint('vault', 'privatelink.vaultcore.azure.net', vault.vault.id),
    addEndpoint('blob', 'privatelink.blob.core.windows.net', storage.account.id),
    ...(eventHubs === undefined
      ? []
      : [addEndpoint('namespace', 'privatelink.servicebus.windows.net', eventHubs.namespace.id)]),
  ];
}

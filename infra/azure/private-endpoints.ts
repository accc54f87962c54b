// Private addresses in the network: for vault, storage and Event Hubs with part `private-endpoints`, which closes their public
// addresses, and for a cluster, which has no public one.
import { PrivateDnsZone } from '@cdktf/provider-azurerm/lib/private-dns-zone';
import { PrivateDnsZoneVirtualNetworkLink } from '@cdktf/provider-azurerm/lib/private-dns-zone-virtual-network-link';
import { PrivateEndpoint } from '@cdktf/provider-azurerm/lib/private-endpoint';
import type { VirtualNetwork } from '@cdktf/provider-azurerm/lib/virtual-network';
import { Construct } from 'constructs';
import { azureName, DATABASE } from '../core/names';
import type { EventHubs } from './event-hubs';
import { EVENT_HUBS_PORT } from './machine-consumers';
import { type Place, placed } from './place';
import { rangesOf } from './ranges';
import type { Vault } from './secrets';
import type { Storage } from './storage';
import { addSubnet, allow } from './subnet';

/** What gets a private address. */
export interface PrivateTarget {
  /** Azure's name for the service of the target that the endpoint connects to. */
  readonly kind: 'vault' | 'blob' | 'namespace' | 'coordinator';
  /** The private DNS zone that Azure prescribes for this kind. */
  readonly zone: string;
  /** Id of the resource. */
  readonly target: string;
}

export interface PrivateEndpointsProps {
  readonly network: VirtualNetwork;
  readonly targets: readonly PrivateTarget[];
}

/** The targets of part `private-endpoints`. */
export function privateTargets(props: {
  readonly vault: Vault;
  readonly storage: Storage;
  readonly eventHubs?: EventHubs | undefined;
}): readonly PrivateTarget[] {
  const { vault, storage, eventHubs } = props;
  return [
    { kind: 'vault', zone: 'privatelink.vaultcore.azure.net', target: vault.vault.id },
    { kind: 'blob', zone: 'privatelink.blob.core.windows.net', target: storage.account.id },
    ...(eventHubs === undefined
      ? []
      : [
          {
            kind: 'namespace',
            zone: 'privatelink.servicebus.windows.net',
            target: eventHubs.namespace.id,
          } as const,
        ]),
  ];
}

/**
 * With vault and storage among the targets, Terraform must run inside the network, or in a peered network that resolves the private
 * DNS zones.
 * @returns what has to be there before secrets and blobs can be written
 */
export function addPrivateEndpoints(
  stack: Construct,
  place: Place,
  { network, targets }: PrivateEndpointsProps,
): readonly PrivateEndpoint[] {
  const scope = new Construct(stack, 'endpoints');
  const { config, resourceGroup } = place;
  const { endpoints, machine } = rangesOf(config);
  const { subnet } = addSubnet(scope, place, {
    suffix: '-endpoints',
    network,
    range: endpoints,
    rules: Object.entries(OPENINGS).flatMap(([name, { kinds, priority, port }]) => {
      const isNeeded = targets.some(({ kind }) => kinds.includes(kind));
      // Clients of a database use a tunnel through the machine.
      const from = port === DATABASE.port ? machine : config.azure.networkRange;
      return allow(name, { priority, port, from: isNeeded ? [from] : [], to: endpoints });
    }),
    // Without it, the rules would not apply to private endpoints.
    options: { privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled' },
  });
  return targets.map(({ kind, zone, target }) => {
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
  });
}

/** What the subnet of the endpoints lets in, by the kinds of targets that need it. */
const OPENINGS: Readonly<
  Record<string, { readonly kinds: readonly string[]; readonly priority: number; readonly port: number }>
> = {
  https: { kinds: ['vault', 'blob', 'namespace'], priority: 100, port: 443 },
  kafka: { kinds: ['namespace'], priority: 110, port: EVENT_HUBS_PORT },
  postgres: { kinds: ['coordinator'], priority: 120, port: DATABASE.port },
};

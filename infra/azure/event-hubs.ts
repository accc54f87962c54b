// Azure Event Hubs as brokers (setting TSDB_DEPLOY_EVENT_HUBS): a namespace with a Kafka endpoint, its topics, and for each topic
// one for its dead letters. Clients log in with identities only.
import { Eventhub } from '@cdktf/provider-azurerm/lib/eventhub';
import { EventhubNamespace } from '@cdktf/provider-azurerm/lib/eventhub-namespace';
import type { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import { Fn } from 'cdktf';
import { Construct } from 'constructs';
import type { Deployer } from './deployer';
import { EVENT_HUBS_PORT } from './machine-consumers';
import { type Place, placed } from './place';

export interface EventHubsProps {
  readonly deployer: Deployer;
  /** Of the machine, which is let in. */
  readonly subnet: Subnet;
}

export interface EventHubs {
  readonly namespace: EventhubNamespace;
  readonly topics: readonly Eventhub[];
  /** Those of the dead letters. */
  readonly letters: readonly Eventhub[];
  /** The Kafka endpoint, `host:port`. */
  readonly brokers: string;
}

/**
 * The Kafka endpoint needs no consumer groups: a client that names a new one makes it. Terraform never reaches the endpoint itself.
 * @returns undefined when there are none
 */
export function addEventHubs(
  stack: Construct,
  place: Place,
  { deployer, subnet }: EventHubsProps,
): EventHubs | undefined {
  const { config } = place;
  const { eventHubs } = config.azure;
  const { topics, partitions, retentionHours } = config.kafka;
  if (eventHubs === 'none') return undefined;
  const scope = new Construct(stack, 'event-hubs');
  const lifecycle = { preventDestroy: config.protectData };
  const namespace = new EventhubNamespace(scope, 'namespace', {
    ...placed(place, 'evhns'),
    // At most 50 characters, and unique in all of Azure.
    name: `evhns-${config.name.slice(0, 12)}-${deployer.uniqueSuffix}`,
    sku: eventHubs === 'premium' ? 'Premium' : 'Standard',
    ...scaling(place),
    // Azure itself spreads a namespace over the zones of a region that has some.
    minimumTlsVersion: '1.2',
    // The keys of the namespace are in the state of Terraform, whether it wants them or not. So they open nothing.
    localAuthenticationEnabled: false,
    ...access(place, subnet),
  });
  const add = (name: string): Eventhub =>
    new Eventhub(scope, name, {
      name,
      namespaceId: namespace.id,
      partitionCount: partitions,
      retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: retentionHours },
      lifecycle,
    });
  return {
    namespace,
    topics: topics.map(add),
    letters: topics.map((topic) => add(`${topic}.dlq`)),
    brokers: Fn.join('', [namespace.name, `.servicebus.windows.net:${EVENT_HUBS_PORT}`]),
  };
}

function scaling({ config }: Place) {
  const { eventHubUnits, eventHubMaxUnits } = config.azure;
  const inflates = eventHubMaxUnits > 0;
  return {
    capacity: eventHubUnits,
    autoInflateEnabled: inflates,
    ...(inflates ? { maximumThroughputUnits: eventHubMaxUnits } : {}),
    lifecycle: {
      preventDestroy: config.protectData,
      // Azure raises it, and the next deployment would lower it again.
      ...(inflates ? { ignoreChanges: ['capacity'] } : {}),
    },
  };
}

function access({ config }: Place, subnet: Subnet) {
  const publicNetworkAccessEnabled = !config.azure.parts.includes('private-endpoints');
  return {
    publicNetworkAccessEnabled,
    networkRulesets: [
      {
        defaultAction: 'Deny',
        publicNetworkAccessEnabled,
        trustedServiceAccessEnabled: false,
        ipRule: config.azure.eventHubCidrs.map((ipMask) => ({ action: 'Allow', ipMask })),
        virtualNetworkRule: publicNetworkAccessEnabled
          ? [{ subnetId: subnet.id, ignoreMissingVirtualNetworkServiceEndpoint: false }]
          : [],
      },
    ],
  };
}

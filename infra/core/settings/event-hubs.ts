// The settings of Azure Event Hubs, the brokers that the azure stack can make, and of the secrets of other brokers in its vault.
import type { KafkaConfig } from './kafka';
import { networks, oneOf, pairs, wholeNumber } from './parsers';
import type { Fault, SettingTable, ValuesOf } from './setting';

/** Files that a consumer on the machine can have, by what they are for. */
export const BROKER_FILES = [
  'kafka-password',
  'kafka-ca',
  'kafka-cert',
  'kafka-key',
  'registry-password',
  'mqtt-password',
  'mqtt-ca',
  'mqtt-cert',
  'mqtt-key',
] as const;

export type BrokerFile = (typeof BROKER_FILES)[number];

export const EVENT_HUB_SETTINGS = {
  eventHubs: {
    name: 'TSDB_DEPLOY_EVENT_HUBS',
    default: 'none',
    meaning:
      '"standard" or "premium" makes Azure Event Hubs of this tier with `TSDB_DEPLOY_KAFKA_TOPICS`, which the machine stores; the tier cannot be changed later',
    parse: oneOf(['none', 'standard', 'premium']),
  },
  eventHubUnits: {
    name: 'TSDB_DEPLOY_EVENT_HUBS_UNITS',
    default: '1',
    meaning:
      'units that are paid: throughput units of tier `standard` (1 MB per second in), or 1, 2, 4, 8 or 16 of `premium`',
    parse: wholeNumber(1, 40),
  },
  eventHubMaxUnits: {
    name: 'TSDB_DEPLOY_EVENT_HUBS_MAX_UNITS',
    default: '0',
    meaning:
      'maximum to which Azure raises the units of tier `standard` under load; it never lowers them; 0 = it raises none',
    parse: wholeNumber(0, 40),
  },
  eventHubCidrs: {
    name: 'TSDB_DEPLOY_EVENT_HUBS_CIDRS',
    meaning:
      'comma-separated IPv4 networks of other clients of these Event Hubs; empty = only the machine reaches them',
    parse: networks,
  },
  brokerSecrets: {
    name: 'TSDB_DEPLOY_BROKER_SECRETS',
    meaning: `what the consumers on the machine show to brokers: \`file=secret\`, a secret of its vault for each of ${BROKER_FILES.map((file) => `\`${file}\``).join(', ')}; a password that is needed is called like its file when it is left out`,
    parse: pairs(
      new RegExp(`^(${BROKER_FILES.join('|')})=[0-9A-Za-z-]{1,127}$`),
      `pairs such as kafka-ca=plant-ca, the first of each one of ${BROKER_FILES.join(', ')}`,
    ),
  },
} as const satisfies SettingTable;

type EventHubSettings = ValuesOf<typeof EVENT_HUB_SETTINGS> & { readonly parts: readonly string[] };

/** Azure would refuse the rest in the middle of a deployment. */
export function checkEventHubs(settings: EventHubSettings, topics: KafkaConfig, fault: Fault): void {
  const { brokerSecrets, eventHubs } = settings;
  for (const kind of ['kafka', 'mqtt'])
    if (`${kind}-cert` in brokerSecrets !== `${kind}-key` in brokerSecrets)
      fault(`TSDB_DEPLOY_BROKER_SECRETS needs both ${kind}-cert and ${kind}-key, or neither`);
  if (eventHubs === 'none') return;
  checkTopics(eventHubs, settings.eventHubUnits, topics, fault);
  checkUnits(settings, fault);
  if (settings.eventHubCidrs.length > 0 && settings.parts.includes('private-endpoints'))
    fault(
      'TSDB_DEPLOY_EVENT_HUBS_CIDRS is without effect with part private-endpoints, which closes the public address; connect those clients to the network',
    );
}

type Tier = 'standard' | 'premium';

interface Limits {
  readonly hours: number;
  readonly partitions: number;
  readonly hubs: number;
  readonly units: readonly number[];
}

// https://learn.microsoft.com/azure/event-hubs/compare-tiers
const LIMITS: Readonly<Record<Tier, Limits>> = {
  standard: { hours: 7 * 24, partitions: 32, hubs: 10, units: Array.from({ length: 40 }, (_, at) => at + 1) },
  premium: { hours: 90 * 24, partitions: 100, hubs: 100, units: [1, 2, 4, 8, 16] },
};

/** Of all topics of tier Premium together. */
const PARTITIONS_PER_UNIT = 200;

function checkTopics(
  tier: Tier,
  units: number,
  { topics, partitions, retentionHours }: KafkaConfig,
  fault: Fault,
): void {
  const limits = LIMITS[tier];
  const setting = `TSDB_DEPLOY_EVENT_HUBS=${tier}`;
  if (topics.length === 0) fault(`${setting} needs TSDB_DEPLOY_KAFKA_TOPICS; name the topics`);
  const hubs = 2 * topics.length;
  if (hubs > limits.hubs)
    fault(
      `${setting} has at most ${limits.hubs} topics, and TSDB_DEPLOY_KAFKA_TOPICS needs ${hubs}, as each has one for dead letters; take fewer or another tier`,
    );
  if (retentionHours > limits.hours)
    fault(
      `TSDB_DEPLOY_KAFKA_RETENTION_HOURS=${retentionHours} is more than ${setting} allows: ${limits.hours}`,
    );
  if (partitions > limits.partitions)
    fault(`TSDB_DEPLOY_KAFKA_PARTITIONS=${partitions} is more than ${setting} allows: ${limits.partitions}`);
  if (tier === 'premium' && hubs * partitions > PARTITIONS_PER_UNIT * units)
    fault(
      `${setting} has at most ${PARTITIONS_PER_UNIT} partitions for each unit, and ${hubs} topics of ${partitions} have ${hubs * partitions}; raise TSDB_DEPLOY_EVENT_HUBS_UNITS`,
    );
}

function checkUnits({ eventHubs, eventHubUnits, eventHubMaxUnits }: EventHubSettings, fault: Fault): void {
  const units = eventHubs === 'none' ? [] : LIMITS[eventHubs].units;
  if (!units.includes(eventHubUnits))
    fault(
      `TSDB_DEPLOY_EVENT_HUBS_UNITS=${eventHubUnits} is not what TSDB_DEPLOY_EVENT_HUBS=${eventHubs} offers; take one of ${units.join(', ')}`,
    );
  if (eventHubMaxUnits > 0 && (eventHubs === 'premium' || eventHubMaxUnits < eventHubUnits))
    fault(
      'TSDB_DEPLOY_EVENT_HUBS_MAX_UNITS is for TSDB_DEPLOY_EVENT_HUBS=standard, and at least TSDB_DEPLOY_EVENT_HUBS_UNITS',
    );
}

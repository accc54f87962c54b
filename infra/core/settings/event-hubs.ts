// The settings of Azure Event Hubs, the brokers that the azure stack can make, and of the secrets of other brokers in its vault.
import { list, networks, oneOf, pairs, wholeNumber } from './parsers';
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
      '"standard" or "premium" makes Azure Event Hubs of this tier, whose topics the machine stores; the tier cannot be changed later',
    parse: oneOf(['none', 'standard', 'premium']),
  },
  eventHubTopics: {
    name: 'TSDB_DEPLOY_EVENT_HUBS_TOPICS',
    default: 'bss.customer.metrics,bss.order.metrics,bss.payment.metrics',
    meaning: 'comma-separated topics of these Event Hubs; each gets a second one, `<topic>.dlq`',
    parse: list(/^[a-z0-9]([\w.-]{0,200}[a-z0-9])?$/i, 'topics such as bss.order.metrics'),
  },
  eventHubPartitions: {
    name: 'TSDB_DEPLOY_EVENT_HUBS_PARTITIONS',
    default: '4',
    meaning: 'partitions of each topic; tier `standard` never changes them, tier `premium` only adds some',
    parse: wholeNumber(1, 100),
  },
  eventHubDays: {
    name: 'TSDB_DEPLOY_EVENT_HUBS_DAYS',
    default: '7',
    meaning: 'number of days for which a topic keeps its records, at most 7 in tier `standard`',
    parse: wholeNumber(1, 90),
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
export function checkEventHubs(settings: EventHubSettings, fault: Fault): void {
  const { brokerSecrets, eventHubs } = settings;
  for (const kind of ['kafka', 'mqtt'])
    if (`${kind}-cert` in brokerSecrets !== `${kind}-key` in brokerSecrets)
      fault(`TSDB_DEPLOY_BROKER_SECRETS needs both ${kind}-cert and ${kind}-key, or neither`);
  if (eventHubs !== 'none') checkTier(settings, LIMITS[eventHubs], fault);
}

interface Limits {
  readonly days: number;
  readonly partitions: number;
  readonly hubs: number;
  readonly units: readonly number[];
}

// https://learn.microsoft.com/azure/event-hubs/compare-tiers
const LIMITS: Readonly<Record<'standard' | 'premium', Limits>> = {
  standard: { days: 7, partitions: 32, hubs: 10, units: Array.from({ length: 40 }, (_, at) => at + 1) },
  premium: { days: 90, partitions: 100, hubs: 100, units: [1, 2, 4, 8, 16] },
};

function checkTier(settings: EventHubSettings, limits: Limits, fault: Fault): void {
  const { eventHubs, eventHubTopics, eventHubPartitions, eventHubDays, eventHubUnits } = settings;
  const { eventHubMaxUnits, eventHubCidrs, parts } = settings;
  const tier = `TSDB_DEPLOY_EVENT_HUBS=${eventHubs}`;
  if (eventHubTopics.length === 0)
    fault(`${tier} needs TSDB_DEPLOY_EVENT_HUBS_TOPICS; name the topics, or take none for no Event Hubs`);
  const hubs = 2 * eventHubTopics.length;
  if (hubs > limits.hubs)
    fault(
      `${tier} has at most ${limits.hubs} topics, and TSDB_DEPLOY_EVENT_HUBS_TOPICS needs ${hubs}, as each has one for dead letters; take fewer or another tier`,
    );
  if (eventHubDays > limits.days)
    fault(`TSDB_DEPLOY_EVENT_HUBS_DAYS=${eventHubDays} is more than ${tier} allows: ${limits.days}`);
  if (eventHubPartitions > limits.partitions)
    fault(
      `TSDB_DEPLOY_EVENT_HUBS_PARTITIONS=${eventHubPartitions} is more than ${tier} allows: ${limits.partitions}`,
    );
  if (!limits.units.includes(eventHubUnits))
    fault(
      `TSDB_DEPLOY_EVENT_HUBS_UNITS=${eventHubUnits} is not what ${tier} offers; take one of ${limits.units.join(', ')}`,
    );
  const perUnit = 200;
  const partitions = hubs * eventHubPartitions;
  if (eventHubs === 'premium' && partitions > perUnit * eventHubUnits)
    fault(
      `${tier} has at most ${perUnit} partitions for each unit, and ${hubs} topics of ${eventHubPartitions} have ${partitions}; raise TSDB_DEPLOY_EVENT_HUBS_UNITS`,
    );
  if (eventHubMaxUnits > 0 && (eventHubs === 'premium' || eventHubMaxUnits < eventHubUnits))
    fault(
      'TSDB_DEPLOY_EVENT_HUBS_MAX_UNITS is for TSDB_DEPLOY_EVENT_HUBS=standard, and at least TSDB_DEPLOY_EVENT_HUBS_UNITS',
    );
  if (eventHubCidrs.length > 0 && parts.includes('private-endpoints'))
    fault(
      'TSDB_DEPLOY_EVENT_HUBS_CIDRS is without effect with part private-endpoints, which closes the public address; connect those clients to the network',
    );
}

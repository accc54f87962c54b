// Environment -> frozen DeployConfig. The only place of infra/ and k8s/ that reads process.env.
import { ENVIRONMENTS } from '../environments';
import { IMAGE_FLAVOURS, type ImageFlavour } from './pins';
import { type Environment, SETTINGS } from './settings';
import { AKS_SETTINGS, type AksConfig, checkAks } from './settings/aks';
import { AZURE_SETTINGS, type AzureConfig, azureConfig } from './settings/azure';
import {
  CONSUMER_SETTINGS,
  type ConsumersConfig,
  checkConsumers,
  consumerConnections,
} from './settings/consumers';
import { checkEventHubs } from './settings/event-hubs';
import { checkHa, HA_SETTINGS, type HaClusterConfig } from './settings/ha';
import { KAFKA_SETTINGS, type KafkaConfig } from './settings/kafka';
import { KUBERNETES_SETTINGS } from './settings/kubernetes';
import { type KubernetesConfig, kubernetesConfig } from './settings/kubernetes-config';
import { oneOf } from './settings/parsers';
import { settingsReader, type Variables } from './settings/read';
import type { Fault, ValuesOf } from './settings/setting';
import { checkSharded, SHARDED_SETTINGS, type ShardedConfig } from './settings/sharded';
import { SHARED_SETTINGS } from './settings/shared';
import { checkStreams, STREAM_SETTINGS, type StreamsConfig } from './settings/streams';

/** Where the database of a cluster runs: a pod of the stack kubernetes, or what kubernetes-ha or kubernetes-sharded makes. */
export type DatabaseKind = 'single' | 'replicating' | 'sharded';

/** The whole deployment as checked, frozen data. The tables of `settings/` say what each value means. */
export interface DeployConfig
  extends Omit<ValuesOf<typeof SHARED_SETTINGS>, 'flavour' | 'otherImage' | 'schemas'> {
  readonly image: ImageFlavour;
  /** Names of schema sets, comma-separated. */
  readonly schemas: string;
  readonly azure: AzureConfig;
  readonly kubernetes: KubernetesConfig;
  readonly databaseKind: DatabaseKind;
  readonly ha: HaClusterConfig;
  readonly sharded: ShardedConfig;
  readonly aks: AksConfig;
  readonly streams: StreamsConfig;
  readonly consumers: ConsumersConfig;
  readonly kafka: KafkaConfig;
}

/** The caller's settings are wrong. The message lists every fault, one a line. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads all settings. A variable wins over the chosen environment, which wins over the default. Every setting is
 * checked before any fault ends the run.
 * @throws SettingsError with one line per fault
 */
export function readConfig(
  env: Variables = process.env,
  environments: Readonly<Record<string, Environment>> = ENVIRONMENTS,
): DeployConfig {
  const faults = unknownSettings(env);
  const fault: Fault = (message) => {
    faults.push(message);
  };
  const read = settingsReader(env, fault);
  const chosen = { ...SHARED_SETTINGS.environment, parse: oneOf(Object.keys(environments)) };
  const declared = environments[read({ chosen }).chosen];
  const { flavour, otherImage, schemas, ...shared } = read(SHARED_SETTINGS, declared);
  const azure = azureConfig(read(AZURE_SETTINGS, declared?.azure), shared.diskGiB, fault);
  const streams = read(STREAM_SETTINGS, declared?.streams);
  checkStreams(streams, fault);
  checkBrokers(azure, streams, fault);
  const consumers = read(CONSUMER_SETTINGS, declared?.consumers);
  checkConsumers(consumers, streams, fault);
  const kubernetes = kubernetesConfig(
    read(KUBERNETES_SETTINGS, declared?.kubernetes),
    consumerConnections(consumers, streams),
    fault,
  );
  const ha = read(HA_SETTINGS, declared?.ha);
  checkHa(ha, kubernetes, fault);
  const sharded = read(SHARDED_SETTINGS, declared?.sharded);
  checkSharded(sharded, kubernetes.ha, fault);
  const aks = read(AKS_SETTINGS, declared?.aks);
  checkAks(aks, fault);
  const kafka = read(KAFKA_SETTINGS, declared?.kafka);
  checkEventHubs(azure, kafka, fault);
  if (faults.length > 0) throw new SettingsError(faults.join('\n'));
  const image = { ...IMAGE_FLAVOURS[flavour], ...(otherImage === '' ? {} : { image: otherImage }) };
  return freezeDeep({
    ...shared,
    image,
    schemas: schemas.join(','),
    azure,
    kubernetes,
    databaseKind: sharded.isWanted ? 'sharded' : kubernetes.ha ? 'replicating' : 'single',
    ha,
    sharded,
    aks,
    streams,
    consumers,
    kafka,
  });
}

/** Brokers are given or made. A cluster may still be told the address of those that were made. */
function checkBrokers({ eventHubs }: AzureConfig, { kafkaBrokers }: StreamsConfig, fault: Fault): void {
  const others = kafkaBrokers.filter((broker) => !broker.endsWith('.servicebus.windows.net:9093'));
  if (eventHubs !== 'none' && others.length > 0)
    fault(
      `TSDB_DEPLOY_EVENT_HUBS=${eventHubs} makes brokers, and TSDB_DEPLOY_KAFKA_BROKERS names others (${others.join(', ')}); take one of the two away`,
    );
}

function unknownSettings(env: Variables): string[] {
  const known: readonly string[] = SETTINGS.map(({ name }) => name);
  return Object.keys(env)
    .filter((name) => name.startsWith('TSDB_DEPLOY_') && !known.includes(name))
    .sort()
    .map((name) => `${name} is not a setting of this deployment`);
}

function freezeDeep<T extends object>(value: T): T {
  for (const inner of Object.values(value))
    if (typeof inner === 'object' && inner !== null) freezeDeep(inner);
  return Object.freeze(value);
}

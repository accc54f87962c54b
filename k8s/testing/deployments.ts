// Deployments whose stacks tests look at: from nothing given to everything that can be.
import { readConfig } from '../../infra/core/config';
import type { Resources } from '../../infra/core/testing/policy';
import { type SynthesisedStack, synthesiseStack } from '../../infra/core/testing/synthesise';
import { KubernetesHaStack } from '../ha/stack';
import { KubernetesKafkaStack } from '../kafka/stack';
import { KubernetesShardedStack } from '../sharded/stack';
import { KubernetesStack } from '../stack';

export type Env = Readonly<Record<string, string>>;

const INGRESS = { TSDB_DEPLOY_INGRESS_HOST: 'm.example.org', TSDB_DEPLOY_INGRESS_CLASS: 'nginx' };
const HA = { TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb:pg17-ts2.29' };
const SHARDED = { TSDB_DEPLOY_SHARDED: 'true' };

/** As Strimzi makes brokers and users. */
const CONSUMERS = {
  TSDB_DEPLOY_KAFKA_BROKERS: 'plant-kafka-bootstrap.kafka.svc:9093',
  TSDB_DEPLOY_KAFKA_SASL: 'scram-sha-512',
  TSDB_DEPLOY_KAFKA_USERNAME: 'ingest',
  TSDB_DEPLOY_KAFKA_SECRET: 'ingest',
  TSDB_DEPLOY_KAFKA_CA_SECRET: 'plant-cluster-ca-cert',
};

/** Settings by what is special about them. */
export const DEPLOYMENTS: Readonly<Record<string, Env>> = {
  'nothing given': {},
  prod: { TSDB_DEPLOY_ENVIRONMENT: 'prod' },
  'every option': {
    ...INGRESS,
    TSDB_DEPLOY_INGRESS_ISSUER: 'letsencrypt',
    TSDB_DEPLOY_INGRESS_NAMESPACE: 'ingress-nginx',
    TSDB_DEPLOY_DNS_CIDRS: '169.254.25.10/32',
    TSDB_DEPLOY_STORAGE_PROVISIONER: 'disk.csi.azure.com',
    TSDB_DEPLOY_STORAGE_PARAMETERS: 'skuName=PremiumV2_LRS,cachingMode=None',
    TSDB_DEPLOY_PROTECT_DATA: 'false',
    TSDB_APP_IMAGE: 'registry.example.org/tsdb:1.2.3',
  },
  'no autoscaler, no runs of the backup': {
    ...INGRESS,
    TSDB_DEPLOY_INGRESS_TLS_SECRET: 'certificate',
    TSDB_DEPLOY_API_REPLICAS: '1',
    TSDB_DEPLOY_API_MAX_REPLICAS: '1',
    TSDB_DEPLOY_BACKUP_SCHEDULE: 'off',
    TSDB_DEPLOY_DB_FLAVOUR: 'ha',
  },
  'a store of passwords and a Gateway': {
    TSDB_DEPLOY_INGRESS_HOST: 'm.example.org',
    TSDB_DEPLOY_GATEWAY: 'edge/public/https',
    TSDB_DEPLOY_SECRET_STORE: 'ClusterSecretStore/vault',
    TSDB_DEPLOY_PASSWORD_VERSION: '2',
  },
  'a replicating database with passwords of a store': {
    ...HA,
    TSDB_DEPLOY_SECRET_STORE: 'SecretStore/vault',
  },
  'consumers of brokers in the cluster, by lag': {
    ...CONSUMERS,
    TSDB_DEPLOY_KAFKA_MAX_CONSUMERS: '6',
    TSDB_DEPLOY_MQTT_URL: 'mqtt://mosquitto.brokers.svc',
  },
  'consumers with certificates, of brokers outside of the cluster': {
    TSDB_DEPLOY_KAFKA_BROKERS: 'kafka-0.example.org:9094,kafka-1.example.org:9094',
    TSDB_DEPLOY_KAFKA_SECRET: 'ingest-certificate',
    TSDB_DEPLOY_KAFKA_CERTIFICATE: 'tls',
    TSDB_DEPLOY_KAFKA_CONSUMERS: '3',
    TSDB_DEPLOY_MQTT_URL: 'mqtts://broker.example.org',
    TSDB_DEPLOY_MQTT_SECRET: 'mqtt-certificate',
    TSDB_DEPLOY_MQTT_CERTIFICATE: 'tls',
    TSDB_DEPLOY_MQTT_CA_SECRET: 'mqtt-authority',
    TSDB_DEPLOY_MQTT_SHARE: 'ingest',
    TSDB_DEPLOY_MQTT_CONSUMERS: '2',
    TSDB_DEPLOY_STREAM_CIDRS: '198.51.100.0/24',
    TSDB_DEPLOY_STREAM_PORTS: '9095',
  },
  'a consumer of Event Hubs, with an identity': {
    TSDB_DEPLOY_CLUSTER: 'aks',
    TSDB_DEPLOY_KAFKA_BROKERS: 'plant.servicebus.windows.net:9093',
    TSDB_DEPLOY_KAFKA_SASL: 'azure',
    TSDB_DEPLOY_KAFKA_IDENTITY: '00000000-1111-2222-3333-444444444444',
    TSDB_DEPLOY_KAFKA_DEAD_LETTERS: 'at-least-once',
  },
  'a Kafka with consumers by lag': {
    ...CONSUMERS,
    TSDB_DEPLOY_KAFKA: 'true',
    TSDB_DEPLOY_KAFKA_BROKERS: 'tsdb-kafka-bootstrap.tsdb-kafka.svc:9093',
    TSDB_DEPLOY_KAFKA_MAX_CONSUMERS: '6',
    TSDB_DEPLOY_STORAGE_PROVISIONER: 'disk.csi.azure.com',
  },
  'a Kafka with other values': {
    TSDB_DEPLOY_KAFKA: 'true',
    TSDB_DEPLOY_PROTECT_DATA: 'false',
    TSDB_DEPLOY_KAFKA_OPERATOR_NAMESPACE: 'operators',
    TSDB_DEPLOY_KEDA_NAMESPACE: 'scaling',
    TSDB_DEPLOY_KAFKA_VERSION: '4.2.1',
    TSDB_DEPLOY_KAFKA_NODES: '5',
    TSDB_DEPLOY_KAFKA_CPUS: '2',
    TSDB_DEPLOY_KAFKA_MEMORY_MIB: '8192',
    TSDB_DEPLOY_KAFKA_GIB: '512',
    TSDB_DEPLOY_KAFKA_TOPICS: 'plant.readings',
    TSDB_DEPLOY_KAFKA_PARTITIONS: '12',
    TSDB_DEPLOY_KAFKA_RETENTION_HOURS: '24',
    TSDB_DEPLOY_STORAGE_CLASS: 'fast',
  },
  'a cluster of Azure': { TSDB_DEPLOY_CLUSTER: 'aks' },
  'a replicating database': HA,
  'a replicating database with backups': { ...HA, TSDB_DEPLOY_HA_BACKUP_URL: 's3://backups/tsdb' },
  'a sharded database': SHARDED,
  'a sharded database with other values': {
    ...SHARDED,
    TSDB_DEPLOY_PROTECT_DATA: 'false',
    TSDB_DEPLOY_SHARDED_OPERATOR_NAMESPACE: 'operators',
    TSDB_DEPLOY_SHARDED_POSTGRES_VERSION: '18.3',
    TSDB_DEPLOY_SHARDED_SHARDS: '4',
    TSDB_DEPLOY_SHARDED_INSTANCES: '3',
    TSDB_DEPLOY_SHARDED_GIB: '512',
    TSDB_DEPLOY_SHARDED_MEMORY_MIB: '8192',
    TSDB_DEPLOY_SHARDED_CPUS: '4',
    TSDB_DEPLOY_SHARDED_BACKUP_URL: 's3://plant',
    TSDB_DEPLOY_SHARDED_BACKUP_ENDPOINT: 'https://minio.example.org:9000',
    TSDB_DEPLOY_SHARDED_BACKUP_SECRET: 'store-keys',
    TSDB_DEPLOY_SHARDED_BACKUP_KEEP: '60',
    TSDB_DEPLOY_STORAGE_PROVISIONER: 'disk.csi.azure.com',
  },
  'a sharded database with passwords of a store': {
    ...SHARDED,
    TSDB_DEPLOY_SECRET_STORE: 'SecretStore/vault',
    TSDB_DEPLOY_SHARDED_BACKUP_URL: 'azure://backups',
    TSDB_DEPLOY_SHARDED_BACKUP_SECRET: 'store-keys',
  },
};

const known = new Map<string, SynthesisedStack>();

/** The kubernetes stack of a deployment; the same settings are synthesised once. */
export function synthesiseKubernetes(env: Env = {}): SynthesisedStack {
  return once(`kubernetes ${JSON.stringify(env)}`, () =>
    synthesiseStack(
      (app, id) =>
        new KubernetesStack(app, id, {
          config: readConfig(env),
          schemaHash: 'a'.repeat(64),
          aks: aksOf(env),
        }),
    ),
  );
}

/** The stack that makes the replicating database. */
export function synthesiseHa(env: Env = HA): SynthesisedStack {
  return once(`ha ${JSON.stringify(env)}`, () =>
    synthesiseStack(
      (app, id) => new KubernetesHaStack(app, id, { config: readConfig(env), aks: aksOf(env) }),
    ),
  );
}

/** The stack that makes the sharded database. */
export function synthesiseSharded(env: Env = SHARDED): SynthesisedStack {
  return once(`sharded ${JSON.stringify(env)}`, () =>
    synthesiseStack(
      (app, id) => new KubernetesShardedStack(app, id, { config: readConfig(env), aks: aksOf(env) }),
    ),
  );
}

/** The stack that makes the database, when that is another one than the kubernetes stack. */
export function databaseStackOf(env: Env): readonly SynthesisedStack[] {
  if (env.TSDB_DEPLOY_HA === 'true') return [synthesiseHa(env)];
  return env.TSDB_DEPLOY_SHARDED === 'true' ? [synthesiseSharded(env)] : [];
}

/** The stack that makes a Kafka. */
export function synthesiseKafka(env: Env = { TSDB_DEPLOY_KAFKA: 'true' }): SynthesisedStack {
  return once(`kafka ${JSON.stringify(env)}`, () =>
    synthesiseStack(
      (app, id) => new KubernetesKafkaStack(app, id, { config: readConfig(env), aks: aksOf(env) }),
    ),
  );
}

/** All stacks of a deployment that make something in a cluster, in the order in which they are deployed. */
export function synthesiseAll(env: Env): readonly SynthesisedStack[] {
  return [
    ...databaseStackOf(env),
    ...(env.TSDB_DEPLOY_KAFKA === 'true' ? [synthesiseKafka(env)] : []),
    synthesiseKubernetes(env),
  ];
}

/** All that is in a namespace, of one stack or of two, by the names of `DEPLOYMENTS`. */
export function deployedResources(): Readonly<Record<string, Resources>> {
  return Object.fromEntries(
    Object.entries(DEPLOYMENTS).flatMap(([what, env]): [string, Resources][] => {
      const { resource } = synthesiseKubernetes(env);
      const own = databaseStackOf(env).reduce((all, stack) => merged(all, stack.resource), resource);
      const kafka = env.TSDB_DEPLOY_KAFKA === 'true';
      return [
        [what, own],
        ...(kafka ? [[`${what}, its namespace`, synthesiseKafka(env).resource] as [string, Resources]] : []),
      ];
    }),
  );
}

function once(key: string, synthesise: () => SynthesisedStack): SynthesisedStack {
  const stack = known.get(key) ?? synthesise();
  known.set(key, stack);
  return stack;
}

function aksOf({ TSDB_DEPLOY_CLUSTER }: Env) {
  return TSDB_DEPLOY_CLUSTER === 'aks'
    ? { clusterName: 'aks-tsdb-dev', resourceGroupName: 'rg-tsdb-dev' }
    : undefined;
}

function merged(one: Resources, other: Resources): Resources {
  const types = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(types.map((type) => [type, { ...one[type], ...other[type] }]));
}

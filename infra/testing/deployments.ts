// Deployments whose stacks Terraform has to accept. Together with those of k8s/testing/deployments.ts they give every setting a
// value other than its default, and have each part alone and with all others.
import { BROKERS, EVENT_HUBS, EVERYTHING, PRIVATE } from '../azure/testing/azure-stack';
import { AZURE_PARTS } from '../core/settings/azure';

type Env = Readonly<Record<string, string>>;

/** Whatever has no requirement of its own, with another value than the default. */
const OTHER_VALUES: Env = {
  TSDB_DEPLOY_NAME: 'plant',
  TSDB_DEPLOY_PROTECT_DATA: 'false',
  TSDB_DEPLOY_DISK_GIB: '256',
  TSDB_DEPLOY_DB_FLAVOUR: 'ha',
  TSDB_DEPLOY_DB_IMAGE: 'registry.example.org/timescaledb:pg17',
  TSDB_SCHEMAS: 'iot,market,service',
  TSDB_DEPLOY_PASSWORD_VERSION: '2',
  TSDB_DEPLOY_ALLOW: 'deletes-data,rewrites-data',
  TSDB_DEPLOY_STATE_ACCOUNT: 'plantstate',
  TSDB_DEPLOY_STATE_CONTAINER: 'states',
};

/** Settings of the azure stack by what is special about them. */
export const AZURE_DEPLOYMENTS: Readonly<Record<string, Env>> = {
  'nothing given': {},
  prod: { TSDB_DEPLOY_ENVIRONMENT: 'prod' },
  'every part': EVERYTHING,
  private: PRIVATE,
  'private, with every part': { ...EVERYTHING, TSDB_DEPLOY_EXPOSURE: 'private' },
  ...Object.fromEntries(AZURE_PARTS.map((part) => [`part ${part}`, { TSDB_DEPLOY_PARTS: part }])),
  'a group that is there, nothing registered': {
    TSDB_DEPLOY_RESOURCE_GROUP: 'existing',
    TSDB_DEPLOY_REGISTER_PROVIDERS: 'false',
  },
  'Event Hubs': EVENT_HUBS,
  'Event Hubs that grow, with locks': {
    ...EVENT_HUBS,
    TSDB_DEPLOY_EVENT_HUBS_UNITS: '2',
    TSDB_DEPLOY_EVENT_HUBS_MAX_UNITS: '8',
    TSDB_DEPLOY_KAFKA_RETENTION_HOURS: '36',
    TSDB_DEPLOY_PARTS: 'locks',
  },
  'large Event Hubs, private, with every part': {
    ...EVERYTHING,
    TSDB_DEPLOY_EXPOSURE: 'private',
    TSDB_DEPLOY_EVENT_HUBS: 'premium',
    TSDB_DEPLOY_KAFKA_TOPICS: 'plant.readings',
    TSDB_DEPLOY_KAFKA_PARTITIONS: '32',
    TSDB_DEPLOY_KAFKA_RETENTION_HOURS: '720',
  },
  "brokers of one's own": {
    ...BROKERS,
    // The cluster has their secrets elsewhere.
    TSDB_DEPLOY_KAFKA_SECRET: 'kafka-login',
    TSDB_DEPLOY_SCHEMA_REGISTRY_SECRET: 'registry-login',
    TSDB_DEPLOY_MQTT_SECRET: 'mqtt-login',
  },
  'other values': {
    ...OTHER_VALUES,
    TSDB_DEPLOY_REGION: 'northeurope',
    TSDB_DEPLOY_ZONE: '2',
    TSDB_DEPLOY_VM_SIZE: 'Standard_E4s_v5',
    TSDB_DEPLOY_DISK_IOPS: '5000',
    TSDB_DEPLOY_DISK_MBPS: '200',
    TSDB_DEPLOY_NETWORK: '10.50.0.0/16',
    TSDB_DEPLOY_SSH_PUBLIC_KEY: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5',
    TSDB_DEPLOY_SSH_CIDRS: '198.51.100.0/24',
    TSDB_DEPLOY_API_CIDRS: '0.0.0.0/0',
    TSDB_DEPLOY_DEPLOYER_CIDRS: '203.0.113.0/24',
    TSDB_DEPLOY_DEPLOYER_ID: '11111111-2222-3333-4444-555555555555',
    TSDB_DEPLOY_DNS_LABEL: 'plant-metrics',
    TSDB_DEPLOY_HOST_NAME: 'metrics.example.org',
    TSDB_DEPLOY_BACKUP_DAYS: '90',
    TSDB_DEPLOY_STORAGE_REPLICATION: 'LRS',
    TSDB_DEPLOY_TAGS: 'owner=ops',
  },
};

/** Settings with the aks stack. */
export const AKS_DEPLOYMENTS: Readonly<Record<string, Env>> = {
  'nothing given': { TSDB_DEPLOY_CLUSTER: 'aks' },
  'a private cluster': {
    TSDB_DEPLOY_CLUSTER: 'aks',
    TSDB_DEPLOY_AKS_PRIVATE: 'true',
    TSDB_DEPLOY_AKS_DNS_ZONE:
      '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-hub/providers/Microsoft.Network/privateDnsZones/privatelink.westeurope.azmk8s.io',
  },
  'a group that is there': { TSDB_DEPLOY_CLUSTER: 'aks', TSDB_DEPLOY_RESOURCE_GROUP: 'existing' },
  'other values': {
    ...OTHER_VALUES,
    TSDB_DEPLOY_CLUSTER: 'aks',
    TSDB_DEPLOY_AKS_VERSION: '1.34',
    TSDB_DEPLOY_AKS_SYSTEM_SIZE: 'Standard_D2ds_v5',
    TSDB_DEPLOY_AKS_NODE_SIZE: 'Standard_E8ds_v5',
    TSDB_DEPLOY_AKS_NODES: '5',
    TSDB_DEPLOY_DEPLOYER_CIDRS: '203.0.113.0/24',
  },
};

/** Settings of the stacks kubernetes and kubernetes-ha that k8s/testing/deployments.ts leaves alone. */
export const KUBERNETES_DEPLOYMENTS: Readonly<Record<string, Env>> = {
  'other values': {
    ...OTHER_VALUES,
    TSDB_DEPLOY_KUBE_CONFIG: '/etc/kube/config',
    TSDB_DEPLOY_KUBE_CONTEXT: 'plant',
    TSDB_DEPLOY_STORAGE_CLASS: 'fast',
    TSDB_DEPLOY_PULL_SECRET: 'registry',
    TSDB_DEPLOY_DNS_CIDRS: '169.254.20.10/32',
    TSDB_DEPLOY_DB_MEMORY_MIB: '4096',
    TSDB_DEPLOY_DB_CPUS: '2',
    TSDB_DEPLOY_BACKUP_KEEP: '14',
    TSDB_DEPLOY_BACKUP_GIB: '128',
  },
  'consumers of Kafka and MQTT': {
    TSDB_DEPLOY_KAFKA_BROKERS: 'plant.servicebus.windows.net:9093',
    TSDB_DEPLOY_KAFKA_GROUP: 'plant-ingest',
    TSDB_DEPLOY_KAFKA_TLS: 'true',
    TSDB_DEPLOY_KAFKA_SASL: 'plain',
    TSDB_DEPLOY_KAFKA_USERNAME: '$ConnectionString',
    TSDB_DEPLOY_KAFKA_DEAD_LETTERS: 'at-least-once',
    TSDB_DEPLOY_SCHEMA_REGISTRY: 'https://registry.example.org',
    TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME: 'plant',
    TSDB_DEPLOY_MQTT_URL: 'mqtts://broker.example.org:8883',
    TSDB_DEPLOY_MQTT_USERNAME: 'plant',
    TSDB_DEPLOY_MQTT_SHARE: 'ingest',
    TSDB_DEPLOY_MQTT_VERSION: '4',
    TSDB_DEPLOY_STREAM_BATCH_ROWS: '1000',
    TSDB_DEPLOY_STREAM_BATCH_MS: '200',
    TSDB_DEPLOY_KAFKA_SECRET: 'event-hubs',
    TSDB_DEPLOY_KAFKA_LAG: '1000',
    TSDB_DEPLOY_SCHEMA_REGISTRY_SECRET: 'registry-login',
    TSDB_DEPLOY_MQTT_SECRET: 'mqtt-login',
  },
  'a restored replicating database, with other values': {
    ...OTHER_VALUES,
    TSDB_DEPLOY_HA: 'true',
    TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb:pg16-ts2.29',
    TSDB_DEPLOY_HA_POSTGRES_MAJOR: '16',
    TSDB_DEPLOY_HA_UID: '26',
    TSDB_DEPLOY_HA_INSTANCES: '2',
    TSDB_DEPLOY_HA_WAL_GIB: '64',
    TSDB_DEPLOY_HA_OPERATOR_NAMESPACE: 'operators',
    TSDB_DEPLOY_HA_BACKUP_URL: 's3://backups/tsdb',
    TSDB_DEPLOY_HA_BACKUP_ENDPOINT: 'https://minio.example.org:9000',
    TSDB_DEPLOY_HA_BACKUP_SECRET: 'store-keys',
    TSDB_DEPLOY_HA_BACKUP_DAYS: '60',
    TSDB_DEPLOY_HA_RESTORE_FROM: 'tsdb-prod',
    TSDB_DEPLOY_HA_RESTORE_TIME: '2026-01-31 23:59:00+00',
  },
  'a sharded database in a cluster of Azure': {
    TSDB_DEPLOY_CLUSTER: 'aks',
    TSDB_DEPLOY_SHARDED: 'true',
    TSDB_DEPLOY_SHARDED_BACKUP_URL: 'gs://plant',
    TSDB_DEPLOY_SHARDED_BACKUP_SECRET: 'store-keys',
  },
  'an identity for the backups, in a cluster of Azure': {
    TSDB_DEPLOY_CLUSTER: 'aks',
    TSDB_DEPLOY_HA: 'true',
    TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb:pg17-ts2.29',
    TSDB_DEPLOY_HA_BACKUP_URL: 'https://plant.blob.core.windows.net/pg',
    TSDB_DEPLOY_HA_BACKUP_IDENTITY: '11111111-2222-3333-4444-555555555555',
  },
};

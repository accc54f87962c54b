import { image } from '../app-image.json';
import { readConfig } from './config';
import { SETTINGS, type SettingName } from './settings';
import type { Variables } from './settings/read';
import { faultsOf } from './testing/faults';

/** A good value for each setting that differs from its default. */
const OTHER: Record<Exclude<SettingName, 'TSDB_DEPLOY_DB_REPLICAS'>, string> = {
  TSDB_DEPLOY_NAME: 'plant',
  TSDB_DEPLOY_ENVIRONMENT: 'prod',
  TSDB_DEPLOY_PROTECT_DATA: 'false',
  TSDB_DEPLOY_DISK_GIB: '512',
  TSDB_DEPLOY_DB_FLAVOUR: 'ha',
  TSDB_DEPLOY_DB_IMAGE: 'mirror.example.org/timescaledb:latest',
  TSDB_DEPLOY_REGION: 'northeurope',
  TSDB_DEPLOY_ZONE: '2',
  TSDB_DEPLOY_VM_SIZE: 'Standard_E4s_v5',
  TSDB_DEPLOY_SSH_PUBLIC_KEY: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ops@example.org',
  TSDB_DEPLOY_SSH_CIDRS: '198.51.100.7/32',
  TSDB_DEPLOY_API_CIDRS: '0.0.0.0/0',
  TSDB_DEPLOY_DNS_LABEL: 'plant-metrics',
  TSDB_DEPLOY_STATE_ACCOUNT: 'plantstate',
  TSDB_DEPLOY_STATE_CONTAINER: 'states',
  TSDB_DEPLOY_DISK_IOPS: '5000',
  TSDB_DEPLOY_DISK_MBPS: '200',
  TSDB_DEPLOY_NETWORK: '172.16.0.0/16',
  TSDB_DEPLOY_EXPOSURE: 'private',
  TSDB_DEPLOY_DEPLOYER_CIDRS: '198.51.100.9/32',
  TSDB_DEPLOY_DEPLOYER_ID: '00000000-1111-2222-3333-444444444444',
  TSDB_DEPLOY_RESOURCE_GROUP: 'existing',
  TSDB_DEPLOY_REGISTER_PROVIDERS: 'false',
  TSDB_DEPLOY_HOST_NAME: 'metrics.example.org',
  TSDB_DEPLOY_PASSWORD_VERSION: '2',
  TSDB_DEPLOY_ALLOW: 'deletes-data,rewrites-data',
  TSDB_DEPLOY_BACKUP_DAYS: '90',
  TSDB_DEPLOY_STORAGE_REPLICATION: 'GZRS',
  TSDB_DEPLOY_ALERT_EMAIL: 'ops@example.org',
  TSDB_DEPLOY_MONTHLY_BUDGET: '300',
  TSDB_DEPLOY_PARTS: 'nat,bastion',
  TSDB_DEPLOY_TAGS: 'owner=ops',
  TSDB_DEPLOY_KUBE_CONFIG: '/etc/kube/config',
  TSDB_DEPLOY_KUBE_CONTEXT: 'kind-plant',
  TSDB_DEPLOY_CLUSTER: 'aks',
  TSDB_DEPLOY_STORAGE_CLASS: 'managed-csi-premium',
  TSDB_DEPLOY_STORAGE_PROVISIONER: 'disk.csi.azure.com',
  TSDB_DEPLOY_STORAGE_PARAMETERS: 'skuName=PremiumV2_LRS,cachingMode=None',
  TSDB_DEPLOY_DB_MEMORY_MIB: '4096',
  TSDB_DEPLOY_DB_CPUS: '4',
  TSDB_DEPLOY_AKS_VERSION: '1.34',
  TSDB_DEPLOY_AKS_SYSTEM_SIZE: 'Standard_D8ds_v5',
  TSDB_DEPLOY_AKS_NODE_SIZE: 'Standard_E8ds_v5',
  TSDB_DEPLOY_AKS_NODES: '6',
  TSDB_DEPLOY_AKS_PRIVATE: 'true',
  TSDB_DEPLOY_AKS_DNS_ZONE:
    '/subscriptions/0-1/resourceGroups/rg-hub/providers/Microsoft.Network/privateDnsZones/privatelink.westeurope.azmk8s.io',
  TSDB_DEPLOY_HA: 'true',
  TSDB_DEPLOY_HA_INSTANCES: '2',
  TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb-cnpg:17',
  TSDB_DEPLOY_HA_BACKUP_URL: 's3://plant/backups',
  TSDB_DEPLOY_HA_OPERATOR_NAMESPACE: 'operators',
  TSDB_DEPLOY_HA_POSTGRES_MAJOR: '18',
  TSDB_DEPLOY_HA_UID: '26',
  TSDB_DEPLOY_HA_WAL_GIB: '64',
  TSDB_DEPLOY_HA_BACKUP_DAYS: '60',
  TSDB_DEPLOY_HA_BACKUP_ENDPOINT: 'https://minio.example.org:9000',
  TSDB_DEPLOY_HA_BACKUP_SECRET: 'store-keys',
  TSDB_DEPLOY_HA_BACKUP_IDENTITY: 'arn:aws:iam::123456789012:role/backups',
  TSDB_DEPLOY_HA_RESTORE_FROM: 'tsdb-prod',
  TSDB_DEPLOY_HA_RESTORE_TIME: '2026-01-31 23:59:00+00',
  TSDB_DEPLOY_SHARDED: 'true',
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
  TSDB_DEPLOY_API_REPLICAS: '3',
  TSDB_DEPLOY_API_MAX_REPLICAS: '8',
  TSDB_DEPLOY_INGRESS_HOST: 'metrics.example.org',
  TSDB_DEPLOY_INGRESS_CLASS: 'nginx',
  TSDB_DEPLOY_INGRESS_TLS_SECRET: 'metrics-tls',
  TSDB_DEPLOY_INGRESS_ISSUER: 'letsencrypt',
  TSDB_DEPLOY_GATEWAY: 'edge/public/https',
  TSDB_DEPLOY_INGRESS_NAMESPACE: 'ingress-nginx',
  TSDB_DEPLOY_SECRET_STORE: 'ClusterSecretStore/vault',
  TSDB_DEPLOY_DNS_CIDRS: '169.254.25.10/32',
  TSDB_DEPLOY_BACKUP_SCHEDULE: 'off',
  TSDB_DEPLOY_BACKUP_KEEP: '30',
  TSDB_DEPLOY_BACKUP_GIB: '256',
  TSDB_DEPLOY_PULL_SECRET: 'registry',
  TSDB_APP_IMAGE: 'registry.example.org/tsdb:1.2.3',
  TSDB_DEPLOY_KAFKA_BROKERS: 'kafka-0.example.org:9093,kafka-1.example.org:9093',
  TSDB_DEPLOY_KAFKA_GROUP: 'plant-ingest',
  TSDB_DEPLOY_KAFKA_TLS: 'false',
  TSDB_DEPLOY_KAFKA_SASL: 'azure',
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
  TSDB_DEPLOY_KAFKA_CONSUMERS: '3',
  TSDB_DEPLOY_KAFKA_MAX_CONSUMERS: '6',
  TSDB_DEPLOY_KAFKA_LAG: '1000',
  TSDB_DEPLOY_KAFKA_SECRET: 'ingest',
  TSDB_DEPLOY_KAFKA_CERTIFICATE: 'user',
  TSDB_DEPLOY_KAFKA_CA_SECRET: 'plant-cluster-ca-cert',
  TSDB_DEPLOY_KAFKA_IDENTITY: '00000000-1111-2222-3333-444444444444',
  TSDB_DEPLOY_SCHEMA_REGISTRY_SECRET: 'registry-login',
  TSDB_DEPLOY_MQTT_CONSUMERS: '2',
  TSDB_DEPLOY_MQTT_SECRET: 'mqtt-login',
  TSDB_DEPLOY_MQTT_CERTIFICATE: 'tls',
  TSDB_DEPLOY_MQTT_CA_SECRET: 'mqtt-authority',
  TSDB_DEPLOY_STREAM_CIDRS: '198.51.100.0/24',
  TSDB_DEPLOY_STREAM_PORTS: '9094,9095',
  TSDB_DEPLOY_KAFKA: 'true',
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
  TSDB_DEPLOY_EVENT_HUBS: 'premium',
  TSDB_DEPLOY_EVENT_HUBS_UNITS: '2',
  TSDB_DEPLOY_EVENT_HUBS_MAX_UNITS: '8',
  TSDB_DEPLOY_EVENT_HUBS_CIDRS: '203.0.113.0/24',
  TSDB_DEPLOY_BROKER_SECRETS: 'kafka-ca=plant-ca,mqtt-password=plant-mqtt',
  TSDB_SCHEMAS: 'iot,metrics',
};

/** What some of them cannot go without. */
const HOST = { TSDB_DEPLOY_INGRESS_HOST: 'api.example.org', TSDB_DEPLOY_INGRESS_ISSUER: 'internal' };
const STORE = { TSDB_DEPLOY_HA_BACKUP_URL: 's3://plant/backups' };
const BUCKET = { TSDB_DEPLOY_SHARDED_BACKUP_SECRET: 'other' };
const KAFKA = { TSDB_DEPLOY_KAFKA_BROKERS: 'kafka:9093' };
const LOGIN = { ...KAFKA, TSDB_DEPLOY_KAFKA_SASL: 'plain', TSDB_DEPLOY_KAFKA_USERNAME: 'other' };
const REGISTRY = {
  TSDB_DEPLOY_SCHEMA_REGISTRY: 'https://registry.example.com',
  TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME: 'plant',
};
const MQTT = { TSDB_DEPLOY_MQTT_URL: 'mqtts://broker.example.com', TSDB_DEPLOY_MQTT_USERNAME: 'plant' };
const NEEDED: Readonly<Record<string, Variables>> = {
  // A private machine must have another way out.
  TSDB_DEPLOY_EXPOSURE: { TSDB_DEPLOY_PARTS: 'nat' },
  TSDB_DEPLOY_STORAGE_PARAMETERS: { TSDB_DEPLOY_STORAGE_PROVISIONER: 'disk.csi.azure.com' },
  TSDB_DEPLOY_HA: { TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb-cnpg:17' },
  TSDB_DEPLOY_HA_RESTORE_FROM: STORE,
  TSDB_DEPLOY_HA_RESTORE_TIME: { ...STORE, TSDB_DEPLOY_HA_RESTORE_FROM: 'tsdb-prod' },
  TSDB_DEPLOY_SHARDED_BACKUP_URL: BUCKET,
  TSDB_DEPLOY_SHARDED_BACKUP_ENDPOINT: { ...BUCKET, TSDB_DEPLOY_SHARDED_BACKUP_URL: 's3://plant' },
  TSDB_DEPLOY_AKS_DNS_ZONE: { TSDB_DEPLOY_AKS_PRIVATE: 'true' },
  TSDB_DEPLOY_INGRESS_HOST: HOST,
  TSDB_DEPLOY_INGRESS_CLASS: HOST,
  TSDB_DEPLOY_INGRESS_TLS_SECRET: HOST,
  TSDB_DEPLOY_INGRESS_ISSUER: HOST,
  TSDB_DEPLOY_KAFKA_SASL: KAFKA,
  TSDB_DEPLOY_KAFKA_USERNAME: LOGIN,
  TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME: { ...REGISTRY, TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME: 'other' },
  TSDB_DEPLOY_MQTT_USERNAME: { ...MQTT, TSDB_DEPLOY_MQTT_USERNAME: 'other' },
  TSDB_DEPLOY_KAFKA_SECRET: LOGIN,
  TSDB_DEPLOY_KAFKA_CERTIFICATE: { ...LOGIN, TSDB_DEPLOY_KAFKA_SECRET: 'ingest' },
  TSDB_DEPLOY_KAFKA_IDENTITY: { ...KAFKA, TSDB_DEPLOY_KAFKA_SASL: 'azure' },
  TSDB_DEPLOY_SCHEMA_REGISTRY_SECRET: REGISTRY,
  TSDB_DEPLOY_MQTT_SECRET: MQTT,
  TSDB_DEPLOY_MQTT_CERTIFICATE: { ...MQTT, TSDB_DEPLOY_MQTT_SECRET: 'mqtt-login' },
  TSDB_DEPLOY_MQTT_CONSUMERS: { TSDB_DEPLOY_MQTT_SHARE: 'ingest' },
  TSDB_DEPLOY_GATEWAY: {
    TSDB_DEPLOY_INGRESS_HOST: 'api.example.org',
    TSDB_DEPLOY_GATEWAY: 'edge/other/https',
  },
};

describe('readConfig', () => {
  it('needs no settings at all', () => {
    const config = readConfig({});
    expect(config.protectData).toBe(true);
    expect(config.azure.sshCidrs).toEqual([]);
    expect(config.kubernetes.appImage).toBe(image);
  });

  it.each(Object.entries(OTHER))('lets %s change the configuration', (name, value) => {
    const base = NEEDED[name] ?? {};
    expect(readConfig({ ...base, [name]: value })).not.toEqual(readConfig(base));
  });

  it('takes an empty variable for an unset one', () => {
    const empty = Object.fromEntries(SETTINGS.map(({ name }) => [name, ' ']));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it('lists every fault at once, with the value it met and what it allows', () => {
    const faults = faultsOf({
      TSDB_DEPLOY_ZONE: '9',
      TSDB_DEPLOY_DISK_GIB: '1e3',
      TSDB_DEPLOY_SSH_CIDRS: '10.0.0.0/8, 10.0.0.300/32,10.1.1.1',
      TSDB_DEPLOY_PROTECT_DATA: 'no',
    });
    expect(faults).toEqual([
      'TSDB_DEPLOY_PROTECT_DATA must be one of true, false, got "no"',
      'TSDB_DEPLOY_DISK_GIB must be a whole number from 16 to 65536, got "1e3"',
      'TSDB_DEPLOY_ZONE must be one of 1, 2, 3, got "9"',
      'TSDB_DEPLOY_SSH_CIDRS must be IPv4 networks such as 203.0.113.0/24, got "10.0.0.300/32"',
      'TSDB_DEPLOY_SSH_CIDRS must be IPv4 networks such as 203.0.113.0/24, got "10.1.1.1"',
    ]);
  });

  it('refuses a misspelt setting', () => {
    expect(faultsOf({ TSDB_DEPLOY_REGOIN: 'westeurope' })).toEqual([
      'TSDB_DEPLOY_REGOIN is not a setting of this deployment',
    ]);
  });

  it.each(['registry.example.org:5000/tsdb', 'tsdb', 'registry.example.org/tsdb:latest'])(
    'refuses %s, which can become another image under the same name',
    (image) =>
      expect(faultsOf({ TSDB_APP_IMAGE: image })).toEqual([
        expect.stringContaining('with a version tag that is not "latest"'),
      ]),
  );

  it.each(['registry.example.org:5000/tsdb:1', `tsdb@sha256:${'0'.repeat(64)}`])('takes %s', (image) =>
    expect(readConfig({ TSDB_APP_IMAGE: image }).kubernetes.appImage).toBe(image),
  );

  it('refuses to open SSH to the whole internet', () => {
    expect(faultsOf({ TSDB_DEPLOY_SSH_CIDRS: '0.0.0.0/0' })).toEqual([
      expect.stringContaining('whole internet'),
    ]);
  });

  it.each([
    [{ TSDB_DEPLOY_DISK_GIB: '16', TSDB_DEPLOY_DISK_IOPS: '8001' }, /500 for each GiB, here 8000;/],
    [{ TSDB_DEPLOY_DISK_MBPS: '751' }, /^TSDB_DEPLOY_DISK_MBPS=751 is more than .* here 750;/],
  ])('refuses a disk that Azure would refuse in the middle of a deployment: %j', (env, message) => {
    expect(faultsOf(env)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    { TSDB_DEPLOY_DISK_GIB: '16', TSDB_DEPLOY_DISK_IOPS: '8000', TSDB_DEPLOY_DISK_MBPS: '1200' },
    { TSDB_DEPLOY_DISK_GIB: '160', TSDB_DEPLOY_DISK_IOPS: '80000' },
  ])('takes a disk up to the limits of Azure: %j', (env) => expect(faultsOf(env)).toEqual([]));

  it('refuses a private machine without a way out', () => {
    expect(faultsOf({ TSDB_DEPLOY_EXPOSURE: 'private' })).toEqual([expect.stringContaining('add nat')]);
    expect(faultsOf({ TSDB_DEPLOY_EXPOSURE: 'private', TSDB_DEPLOY_PARTS: 'nat' })).toEqual([]);
  });

  it.each([
    ['TSDB_DEPLOY_PARTS', 'nat,bastoin', 'some of bastion, '],
    ['TSDB_DEPLOY_TAGS', 'owner', 'pairs such as owner=ops'],
    ['TSDB_DEPLOY_TAGS', `owner=\${path.cwd}`, 'pairs such as owner=ops'],
    ['TSDB_DEPLOY_NETWORK', '203.0.0.0/16', 'a private /16 network'],
    ['TSDB_DEPLOY_HOST_NAME', 'metrics', 'a lower-case DNS name'],
    ['TSDB_DEPLOY_ENVIRONMENT', 'prd', 'one of dev, prod'],
  ])('refuses %s=%s', (name, value, expected) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(expected)]);
  });

  it('takes the Azure name of the address for the host name of the API unless there is another', () => {
    const label = { TSDB_DEPLOY_DNS_LABEL: 'plant' };
    expect(readConfig({}).azure.hostName).toBe('');
    expect(readConfig(label).azure.hostName).toBe('plant.westeurope.cloudapp.azure.com');
    expect(readConfig({ ...label, TSDB_DEPLOY_HOST_NAME: 'm.example.org' }).azure.hostName).toBe(
      'm.example.org',
    );
  });

  it.each(['img:1 ; rm -rf /', `\${path.module}`, 'img:%{if true}'])(
    'refuses the image reference %p',
    (image) => {
      expect(faultsOf({ TSDB_DEPLOY_DB_IMAGE: image })).toHaveLength(1);
    },
  );

  it('refuses a Terraform template in the comment of the SSH key', () => {
    expect(faultsOf({ TSDB_DEPLOY_SSH_PUBLIC_KEY: `ssh-ed25519 AAAA \${path.cwd}` })).toHaveLength(1);
  });

  it('keeps the layout of the flavour when another image is given', () => {
    const { image } = readConfig({
      TSDB_DEPLOY_DB_FLAVOUR: 'ha',
      TSDB_DEPLOY_DB_IMAGE: 'mirror.example.org/ha:1',
    });
    expect(image).toMatchObject({
      image: 'mirror.example.org/ha:1',
      uid: 1000,
      dataMount: '/home/postgres/pgdata',
    });
  });

  it('is frozen all the way down', () => {
    const config = readConfig({ TSDB_DEPLOY_API_CIDRS: '203.0.113.0/24' });
    for (const value of [config, config.azure, config.azure.apiCidrs, config.kubernetes.database])
      expect(Object.isFrozen(value)).toBe(true);
  });
});

import { addresses } from '../../infra/core/testing/synthesise';
import { checkedBefore, checksOf } from '../testing/checks';
import { DEPLOYMENTS, type Env, synthesiseKubernetes } from '../testing/deployments';
import { type Container, containerOf, type Pod, variablesOf } from '../testing/pods';

const LAG = DEPLOYMENTS['consumers of brokers in the cluster, by lag'] as Env;
const CERTIFICATES = DEPLOYMENTS['consumers with certificates, of brokers outside of the cluster'] as Env;
const IDENTITY = DEPLOYMENTS['a consumer of Event Hubs, with an identity'] as Env;

interface Deployment {
  readonly depends_on: readonly string[];
  readonly lifecycle: { readonly ignore_changes: readonly string[] };
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly template: {
      readonly metadata: Readonly<Record<'labels' | 'annotations', Readonly<Record<string, string>>>>;
      readonly spec: Pod;
    };
  };
}

const deployments = (env: Env): Readonly<Record<string, Deployment>> =>
  Object.fromEntries(
    (Object.values(synthesiseKubernetes(env).resource.kubernetes_deployment_v1 ?? {}) as Deployment[]).map(
      (one) => [one.metadata.name, one],
    ),
  );
function consumer(env: Env, name = 'tsdb-kafka-consumer'): Deployment {
  const found = deployments(env)[name];
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}
const containerWith = (env: Env, name?: string): Container =>
  containerOf(consumer(env, name).spec.template.spec, 'consumer');

describe('the consumers', () => {
  it('are there when the settings name a broker, and only then', () => {
    expect(Object.keys(deployments({}))).toEqual(['tsdb-api']);
    expect(Object.keys(deployments(IDENTITY)).sort()).toEqual(['tsdb-api', 'tsdb-kafka-consumer']);
    expect(Object.keys(deployments({ TSDB_DEPLOY_MQTT_URL: 'mqtt://broker' })).sort()).toEqual([
      'tsdb-api',
      'tsdb-mqtt-consumer-0',
    ]);
  });

  it('change nothing else of the stack', () => {
    const before = addresses(synthesiseKubernetes({}));
    expect(addresses(synthesiseKubernetes(LAG))).toEqual(expect.arrayContaining([...before]));
  });

  it('start after the schema Job, and the deployment waits for each of them', () => {
    const stack = synthesiseKubernetes(CERTIFICATES);
    for (const { depends_on } of Object.values(deployments(CERTIFICATES)))
      expect(checkedBefore(stack, depends_on)).toContain('kubernetes_job_v1');
    expect(checksOf(stack, 'kubernetes_deployment_v1')).toHaveLength(4);
    expect(stack.output.rollout?.value.match(/"Deployment"/g)).toHaveLength(4);
  });

  it('log in to the database as the API does, and to the brokers with what the Secrets have', () => {
    expect(containerWith(LAG).command).toEqual(['tsdb', 'consume', 'kafka']);
    expect(variablesOf(containerWith(LAG))).toEqual({
      HOST: '0.0.0.0',
      NODE_ENV: 'production',
      PGDATABASE: 'tsdb',
      PGHOST: expect.stringContaining('kubernetes_service_v1.database_service'),
      PGPASSWORD_FILE: '/run/secrets/tsdb/password',
      PGPORT: '5432',
      PGUSER: 'tsdb_app',
      TSDB_KAFKA_BROKERS: 'plant-kafka-bootstrap.kafka.svc:9093',
      TSDB_KAFKA_CA_FILE: '/run/secrets/broker/ca.crt',
      TSDB_KAFKA_DEAD_LETTERS: 'exactly-once',
      TSDB_KAFKA_GROUP: 'timescale-ingest',
      TSDB_KAFKA_PASSWORD_FILE: '/run/secrets/broker/password',
      TSDB_KAFKA_SASL: 'scram-sha-512',
      TSDB_KAFKA_TLS: 'on',
      TSDB_KAFKA_USERNAME: 'ingest',
      TSDB_SCHEMAS: 'iot,service,access',
      TSDB_STREAM_BATCH_MS: '1000',
      TSDB_STREAM_BATCH_ROWS: '5000',
      TSDB_STREAM_PORT: '5001',
      TSDB_POOL_SIZE: '2',
      TSDB_READ_ROLE: 'tsdb_reader',
      TSDB_WRITE_POOL_SIZE: '4',
      TSDB_WRITE_ROLE: 'tsdb_api',
    });
  });

  const secretsOf = (env: Env, name?: string) =>
    consumer(env, name).spec.template.spec.volume.find((volume) => volume.name === 'broker')?.projected;

  it('mount passwords and authorities of Secrets that Terraform does not read', () => {
    expect(secretsOf(LAG)).toEqual([
      {
        default_mode: '0440',
        sources: [
          {
            secret: [{ name: `\${var.kafka_secret}`, items: [{ key: 'password', path: 'password' }] }],
          },
          { secret: [{ name: 'plant-cluster-ca-cert', items: [{ key: 'ca.crt', path: 'ca.crt' }] }] },
        ],
      },
    ]);
    expect(Object.keys(JSON.parse(synthesiseKubernetes(LAG).text).data ?? {})).toEqual([]);
  });

  it.each([
    ['tls', 'tls.crt', 'tls.key'],
    ['user', 'user.crt', 'user.key'],
  ])('take a certificate by the names of the keys that %s stands for', (keys, certificate, key) => {
    const env = { ...CERTIFICATES, TSDB_DEPLOY_KAFKA_CERTIFICATE: keys };
    expect(JSON.stringify(secretsOf(env))).toContain(
      JSON.stringify([
        { key: certificate, path: 'client.crt' },
        { key, path: 'client.key' },
      ]),
    );
    expect(variablesOf(containerWith(env))).toMatchObject({
      TSDB_KAFKA_CERT_FILE: '/run/secrets/broker/client.crt',
      TSDB_KAFKA_KEY_FILE: '/run/secrets/broker/client.key',
    });
  });

  it('need the Secret of a password, which only the plan of this stack misses', () => {
    const { variable } = synthesiseKubernetes({ ...LAG, TSDB_DEPLOY_KAFKA_SECRET: '' });
    expect(variable.kafka_secret).toMatchObject({
      default: '',
      validation: [{ error_message: expect.stringContaining('Set TSDB_DEPLOY_KAFKA_SECRET') }],
    });
    expect(Object.keys(synthesiseKubernetes(CERTIFICATES).variable)).toEqual(['app_image']);
  });

  it('are asked for their health where they answer', () => {
    const container = containerWith(LAG);
    expect(container.port).toEqual([{ name: 'health', container_port: 5001 }]);
    expect(container.liveness_probe).toMatchObject({ http_get: { path: '/health/live', port: '5001' } });
    expect(container.readiness_probe).toMatchObject({ http_get: { path: '/health/ready', port: '5001' } });
  });

  it('of Kafka go from version to version while others consume', () => {
    expect(consumer(LAG).spec.strategy).toEqual({
      type: 'RollingUpdate',
      rolling_update: { max_surge: '1', max_unavailable: '0' },
    });
  });

  it('of MQTT are never two under one id, which stays', () => {
    const names = ['tsdb-mqtt-consumer-0', 'tsdb-mqtt-consumer-1'];
    const ids = names.map((name) => {
      expect(consumer(CERTIFICATES, name).spec).toMatchObject({
        replicas: '1',
        strategy: { type: 'Recreate' },
      });
      return variablesOf(containerWith(CERTIFICATES, name)).TSDB_MQTT_CLIENT_ID;
    });
    expect(ids).toEqual(['tsdb-dev-0', 'tsdb-dev-1']);
  });

  it('are restarted for a new password of the database, and know nothing of its value', () => {
    const { annotations } = consumer({ ...LAG, TSDB_DEPLOY_PASSWORD_VERSION: '2' }).spec.template.metadata;
    expect(annotations).toEqual({
      'timescaledb-as-code/password': expect.stringMatching(/metadata\[0\]\.uid\}$/),
      'timescaledb-as-code/password-version': '2',
    });
  });

  it('get an identity of Azure only where they log in with it', () => {
    const labels = (env: Env) => consumer(env).spec.template.metadata.labels;
    expect(labels(IDENTITY)).toHaveProperty(['azure.workload.identity/use'], 'true');
    expect(labels(LAG)).not.toHaveProperty(['azure.workload.identity/use']);
    const accounts = JSON.stringify(synthesiseKubernetes(IDENTITY).resource.kubernetes_service_account_v1);
    expect(accounts.match(/azure\.workload\.identity\/client-id/g)).toHaveLength(1);
  });
});

describe('the number of consumers of Kafka', () => {
  const manifests = (env: Env) =>
    (
      Object.values(synthesiseKubernetes(env).resource.kubernetes_manifest ?? {}) as { manifest: unknown }[]
    ).map(({ manifest }) => manifest as { kind: string; spec: Record<string, unknown> });
  const keda = (env: Env, kind: string) => manifests(env).find((object) => object.kind === kind)?.spec;

  it('is that of the settings, without any object of KEDA', () => {
    expect(manifests(CERTIFICATES)).toEqual([]);
    expect(consumer(CERTIFICATES).spec.replicas).toBe('3');
    expect(consumer(CERTIFICATES).lifecycle.ignore_changes).not.toContain('spec[0].replicas');
  });

  it('belongs to KEDA where lag decides on it', () => {
    expect(consumer(LAG).lifecycle.ignore_changes).toContain('spec[0].replicas');
    expect(keda(LAG, 'ScaledObject')).toMatchObject({
      scaleTargetRef: { name: expect.stringMatching(/kubernetes_deployment_v1\.consumers_kafka_consumer/) },
      minReplicaCount: 1,
      maxReplicaCount: 6,
      triggers: [
        {
          type: 'kafka',
          metadata: {
            bootstrapServers: 'plant-kafka-bootstrap.kafka.svc:9093',
            consumerGroup: 'timescale-ingest',
            lagThreshold: '50000',
            offsetResetPolicy: 'earliest',
            allowIdleConsumers: 'false',
            tls: 'enable',
            sasl: 'scram_sha512',
          },
          authenticationRef: { name: 'tsdb-kafka-consumer' },
        },
      ],
    });
  });

  it('is read with the login of the consumer', () => {
    expect(keda(LAG, 'TriggerAuthentication')).toEqual({
      secretTargetRef: [
        { parameter: 'password', name: `\${var.kafka_secret}`, key: 'password' },
        { parameter: 'ca', name: 'plant-cluster-ca-cert', key: 'ca.crt' },
      ],
      env: [{ parameter: 'username', name: 'TSDB_KAFKA_USERNAME', containerName: 'consumer' }],
    });
    const own = { ...CERTIFICATES, TSDB_DEPLOY_KAFKA_MAX_CONSUMERS: '3' };
    expect(keda(own, 'TriggerAuthentication')).toEqual({
      secretTargetRef: [
        { parameter: 'cert', name: 'ingest-certificate', key: 'tls.crt' },
        { parameter: 'key', name: 'ingest-certificate', key: 'tls.key' },
      ],
    });
    const open = { TSDB_DEPLOY_KAFKA_BROKERS: 'kafka:9092', TSDB_DEPLOY_KAFKA_MAX_CONSUMERS: '3' };
    expect(manifests(open).map(({ kind }) => kind)).toEqual(['ScaledObject']);
  });
});

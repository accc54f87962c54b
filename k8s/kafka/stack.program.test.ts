import { checksOf } from '../testing/checks';
import { DEPLOYMENTS, type Env, synthesiseKafka, synthesiseKubernetes } from '../testing/deployments';

const OTHER = DEPLOYMENTS['a Kafka with other values'] as Env;
const LAG = DEPLOYMENTS['a Kafka with consumers by lag'] as Env;

interface Resource {
  readonly manifest: {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    // biome-ignore lint/suspicious/noExplicitAny: four kinds, read field by field
    readonly spec: any;
  };
  readonly depends_on?: readonly string[];
  readonly lifecycle?: { readonly prevent_destroy: boolean };
}

const resources = (env?: Env) =>
  Object.entries(synthesiseKafka(env).resource.kubernetes_manifest ?? {}) as [string, Resource][];
const objects = (kind: string, env?: Env) =>
  resources(env)
    .map(([, { manifest }]) => manifest)
    .filter((manifest) => manifest.kind === kind);
function only(kind: string, env?: Env) {
  const [found, ...others] = objects(kind, env);
  if (found === undefined || others.length > 0) throw new Error(`expected one ${kind}`);
  return found;
}
const specs = (type: string, env?: Env) =>
  Object.values(synthesiseKafka(env).resource[type] ?? {}) as {
    readonly metadata: { readonly name: string };
    // biome-ignore lint/suspicious/noExplicitAny: as above
    readonly spec: any;
  }[];

describe('the stack kubernetes-kafka', () => {
  it('has a namespace of its own, which refuses pods with privileges', () => {
    const [namespace] = specs('kubernetes_namespace_v1') as unknown as [
      { metadata: { name: string; labels: Record<string, string> } },
    ];
    expect(namespace.metadata.name).toBe('tsdb-kafka');
    expect(namespace.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  });

  it('keeps each record on three brokers, and tells a producer so when two have it', () => {
    expect(only('KafkaNodePool').spec).toMatchObject({ replicas: 3, roles: ['controller', 'broker'] });
    expect(only('Kafka').spec.kafka.config).toEqual({
      'auto.create.topics.enable': false,
      'default.replication.factor': 3,
      'min.insync.replicas': 2,
      'offsets.topic.replication.factor': 3,
      'transaction.state.log.replication.factor': 3,
      'transaction.state.log.min.isr': 2,
    });
    for (const { spec } of objects('KafkaTopic'))
      expect(spec).toEqual({
        partitions: 6,
        replicas: 3,
        config: { 'retention.ms': 604_800_000, 'min.insync.replicas': 2 },
      });
  });

  it('takes sizes and versions from the settings', () => {
    expect(only('KafkaNodePool', OTHER).spec).toMatchObject({
      replicas: 5,
      storage: { volumes: [{ size: '512Gi', class: 'fast', deleteClaim: false }] },
      resources: { requests: { cpu: '2', memory: '8Gi' }, limits: { memory: '8Gi' } },
    });
    expect(only('Kafka', OTHER).spec.kafka.version).toBe('4.2.1');
    expect(only('Kafka').spec.kafka).not.toHaveProperty('version');
    expect(only('KafkaNodePool', LAG).spec.storage.volumes[0].class).toBe('tsdb-dev-kafka');
    expect(specs('kubernetes_storage_class_v1', LAG).map(({ metadata }) => metadata.name)).toEqual([
      'tsdb-dev-kafka',
    ]);
  });

  it('has every topic of the settings, each with a topic of dead letters', () => {
    expect(
      objects('KafkaTopic')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual([
      ...['bss.customer.metrics', 'bss.customer.metrics.dlq'],
      ...['bss.order.metrics', 'bss.order.metrics.dlq'],
      ...['bss.payment.metrics', 'bss.payment.metrics.dlq'],
    ]);
    expect(
      objects('KafkaTopic', OTHER)
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['plant.readings', 'plant.readings.dlq']);
  });

  it('tells the operator to which cluster each object belongs', () => {
    for (const [, { manifest }] of resources())
      expect(manifest.metadata.labels['strimzi.io/cluster']).toBe(
        manifest.kind === 'Kafka' ? undefined : 'tsdb',
      );
  });

  it('lets nobody in without TLS and a password', () => {
    expect(only('Kafka').spec.kafka.listeners).toEqual([
      expect.objectContaining({
        port: 9093,
        type: 'internal',
        tls: true,
        authentication: { type: 'scram-sha-512' },
      }),
    ]);
    expect(only('Kafka').spec.kafka.authorization).toEqual({ type: 'simple' });
  });

  const rulesOf = (name: string, env?: Env): readonly string[] => {
    const user = objects('KafkaUser', env).find(({ metadata }) => metadata.name === name);
    const acls = user?.spec.authorization.acls as {
      resource: { type: string; name?: string; patternType?: string };
      operations: string[];
    }[];
    return acls.map(({ resource: { type, name: of = '', patternType = '' }, operations }) =>
      [type, of, patternType, operations.join('+')].filter(Boolean).join(' '),
    );
  };

  it('gives the consumer what it does, and nothing else', () => {
    expect(rulesOf('tsdb-consumer', { ...OTHER, TSDB_DEPLOY_KAFKA_GROUP: 'plant-ingest' })).toEqual([
      'topic plant.readings literal Describe+Read',
      'topic plant.readings.dlq literal Describe+Read+Write',
      'group plant-ingest literal Describe+Read',
      'group plant-ingest.letters literal Describe+Read',
      'group tsdb-replay- prefix Delete+Describe+Read',
      'transactionalId plant-ingest prefix Describe+Write',
      'cluster IdempotentWrite',
    ]);
  });

  it('gives a producer what it does, and nothing else', () => {
    expect(rulesOf('tsdb-producer', OTHER)).toEqual([
      'topic plant.readings literal Describe+Write',
      'cluster IdempotentWrite',
    ]);
  });

  it('keeps brokers on nodes of their own, without any privilege', () => {
    const { pod, kafkaContainer } = only('Kafka').spec.kafka.template;
    expect(pod.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution).toEqual([
      {
        topologyKey: 'kubernetes.io/hostname',
        labelSelector: {
          matchLabels: { 'strimzi.io/cluster': 'tsdb', 'strimzi.io/name': 'tsdb-kafka' },
        },
      },
    ]);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(kafkaContainer.securityContext).toMatchObject({ capabilities: { drop: ['ALL'] } });
  });

  it('has a new version of the cluster for every change of the pool, so that its status tells of both', () => {
    const mark = (env?: Env) => only('Kafka', env).spec.kafka.template.pod.metadata.annotations;
    const larger = { TSDB_DEPLOY_KAFKA: 'true', TSDB_DEPLOY_KAFKA_MEMORY_MIB: '8192' };
    expect(mark()).toEqual({ 'timescaledb-as-code/pool': expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(mark(larger)).not.toEqual(mark());
  });

  it('makes topics and users once the brokers are up, and waits for each of them', () => {
    const checks = checksOf(synthesiseKafka(), 'kubernetes_manifest');
    expect(checks.map(({ address }) => address)).toHaveLength(1 + 6 + 2);
    for (const [name, { depends_on }] of resources())
      if (/^(topic|user)-/.test(name)) expect(depends_on).toEqual(['terraform_data.kafka-rollout']);
  });

  it('lets nothing be destroyed that has records', () => {
    const kept = (env?: Env) =>
      resources(env)
        .filter(([, { lifecycle }]) => lifecycle?.prevent_destroy === true)
        .map(([, { manifest }]) => manifest.kind);
    expect([...new Set(kept())].sort()).toEqual(['Kafka', 'KafkaNodePool', 'KafkaTopic']);
    expect(kept(OTHER)).toEqual([]);
  });

  it('has room for its pods, the successor of one of them, and its volumes', () => {
    const [quota] = specs('kubernetes_resource_quota_v1', OTHER);
    expect(quota?.spec.hard).toMatchObject({
      pods: '7',
      'requests.cpu': '10400m',
      'requests.memory': '42Gi',
      persistentvolumeclaims: '5',
      'requests.storage': '2560Gi',
      services: '2',
    });
  });
});

describe('the network of Kafka', () => {
  const policies = (env?: Env) =>
    Object.fromEntries(
      specs('kubernetes_network_policy_v1', env).map(({ metadata, spec }) => [
        metadata.name.replace(/^tsdb-kafka-/, ''),
        spec,
      ]),
    );
  const KEDA = { namespace_selector: { match_labels: { 'kubernetes.io/metadata.name': 'keda' } } };

  it('is closed but for what is listed', () => {
    expect(Object.keys(policies()).sort()).toEqual([
      ...[
        'api',
        'clients',
        'default-deny',
        'dns',
        'entity-operator',
        'operator',
        'peers',
        'topics-and-users',
      ],
    ]);
    expect(policies()['default-deny']).toEqual({ pod_selector: {}, policy_types: ['Ingress', 'Egress'] });
  });

  it('lets consumers, clients by their label and, where it scales, KEDA to the listener', () => {
    const [open] = policies().clients.ingress;
    expect(open.ports).toEqual([{ port: '9093', protocol: 'TCP' }]);
    expect(open.from).toHaveLength(2);
    expect(policies(LAG).clients.ingress[0].from).toContainEqual(KEDA);
    expect(only('Kafka', LAG).spec.kafka.listeners[0].networkPolicyPeers).toHaveLength(3);
  });

  it('lets in the very pods that the stack kubernetes makes', () => {
    const [{ from }] = policies(LAG).clients.ingress;
    const [consumer] = from;
    expect(consumer.namespace_selector.match_labels).toEqual({ 'kubernetes.io/metadata.name': 'tsdb' });
    const made = Object.values(synthesiseKubernetes(LAG).resource.kubernetes_deployment_v1 ?? {}) as {
      spec: { template: { metadata: { labels: object } } };
    }[];
    const labels = made.map(({ spec }) => spec.template.metadata.labels);
    expect(labels).toContainEqual(expect.objectContaining(consumer.pod_selector.match_labels));
  });

  it('tells where the brokers are, as the settings of the consumers want it', () => {
    expect(synthesiseKafka().output.brokers?.value).toBe(LAG.TSDB_DEPLOY_KAFKA_BROKERS);
  });
});

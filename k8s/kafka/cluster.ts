// The brokers: a pool of nodes that are broker and controller at once, and what holds for all of them.
import { createHash } from 'node:crypto';
import type { DeployConfig } from '../../infra/core/config';
import { scalesByLag } from '../../infra/core/settings/consumers';
import { CONSUMER_OF } from '../consumers/consumer';
import type { OperatorObject } from '../ha/manifest';
import { inNamespace } from '../network-policy';
import { resources } from '../pod-parts';
import { quantityOf } from '../quantity';
import { storageClassName } from '../storage';
import { KAFKA_CLIENT, kafkaNames, OF_CLUSTER, PORTS, STRIMZI_API } from './names';

/** Copies of each record, and how many of them must have it before a producer is told so. */
export const REPLICAS = { all: 3, inSync: 2 } as const;

/** What each of the two operators that the cluster gets for topics and users requests. */
export const ENTITY_OPERATOR = { milliCpus: 100, memoryMiB: 512 } as const;

export function nodePool(config: DeployConfig): OperatorObject {
  const { nodes, cpus, memoryMiB, diskGiB } = config.kafka;
  const { cluster, pool } = kafkaNames(config);
  const storageClass = kafkaClassName(config);
  return {
    id: 'pool',
    component: 'kafka',
    name: pool,
    labels: { [OF_CLUSTER]: cluster },
    apiVersion: STRIMZI_API,
    kind: 'KafkaNodePool',
    spec: {
      replicas: nodes,
      roles: ['controller', 'broker'],
      storage: {
        type: 'jbod',
        volumes: [
          {
            id: 0,
            type: 'persistent-claim',
            size: quantityOf(diskGiB * 1024),
            kraftMetadata: 'shared',
            // The records stay when the pool is deleted.
            deleteClaim: false,
            ...(storageClass === '' ? {} : { class: storageClass }),
          },
        ],
      },
      resources: resources(String(cpus), memoryMiB, 0),
    },
  };
}

/** The class of the settings, or one of its own, as another stack makes that of the database. */
export function kafkaClassName(config: DeployConfig): string {
  const className = storageClassName(config);
  return config.kubernetes.storageProvisioner === '' ? className : `${className}-kafka`;
}

export function kafkaCluster(config: DeployConfig, pool: OperatorObject): OperatorObject {
  const { cluster } = kafkaNames(config);
  const operator = {
    resources: resources(`${ENTITY_OPERATOR.milliCpus}m`, ENTITY_OPERATOR.memoryMiB, 0),
  };
  const container = { securityContext: RESTRICTED_CONTAINER };
  return {
    id: 'kafka',
    component: 'kafka',
    name: cluster,
    apiVersion: STRIMZI_API,
    kind: 'Kafka',
    spec: {
      kafka: {
        ...(config.kafka.version === '' ? {} : { version: config.kafka.version }),
        listeners: [
          {
            name: 'tls',
            port: PORTS.clients,
            type: 'internal',
            tls: true,
            authentication: { type: 'scram-sha-512' },
            networkPolicyPeers: clients(config),
          },
        ],
        authorization: { type: 'simple' },
        config: {
          'auto.create.topics.enable': false,
          'default.replication.factor': REPLICAS.all,
          'min.insync.replicas': REPLICAS.inSync,
          'offsets.topic.replication.factor': REPLICAS.all,
          'transaction.state.log.replication.factor': REPLICAS.all,
          'transaction.state.log.min.isr': REPLICAS.inSync,
        },
        template: {
          pod: {
            // A change of the pool becomes one of the cluster, whose status says when the brokers have it.
            metadata: { annotations: { 'timescaledb-as-code/pool': hashOf(pool.spec) } },
            securityContext: RESTRICTED_POD,
            affinity: { podAntiAffinity: apart(config) },
          },
          kafkaContainer: container,
        },
      },
      entityOperator: {
        topicOperator: operator,
        userOperator: operator,
        template: {
          pod: { securityContext: RESTRICTED_POD },
          topicOperatorContainer: container,
          userOperatorContainer: container,
        },
      },
      // Consumers in another namespace have a copy of this authority. This is half a year to copy its successor.
      clusterCa: { validityDays: 1825, renewalDays: 180 },
    },
  };
}

/** Who may reach the listener: the consumers of the deployment, KEDA, and pods of producers by their label. */
export function clients({ name, consumers, kafka }: DeployConfig) {
  return [
    { ...inNamespace(name), podSelector: { matchLabels: { [CONSUMER_OF]: 'kafka' } } },
    { namespaceSelector: {}, podSelector: { matchLabels: { [KAFKA_CLIENT]: 'true' } } },
    ...(scalesByLag(consumers) ? [inNamespace(kafka.kedaNamespace)] : []),
  ];
}

// Two brokers on one node would be lost together, and with them the second copy.
function apart(config: DeployConfig) {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: [
      {
        topologyKey: 'kubernetes.io/hostname',
        labelSelector: { matchLabels: kafkaNames(config).brokerPods },
      },
    ],
  };
}

const hashOf = (spec: object): string =>
  createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16);

/** What the pod security level "restricted" requires. The user is that of the images. */
const RESTRICTED_POD = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
const RESTRICTED_CONTAINER = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

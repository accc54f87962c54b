// Where the API server has the objects of each kind.
import type { RolloutKind } from './request';

const API: Readonly<Record<RolloutKind, string>> = {
  StatefulSet: '/apis/apps/v1/{}/statefulsets',
  Deployment: '/apis/apps/v1/{}/deployments',
  Job: '/apis/batch/v1/{}/jobs',
  Cluster: '/apis/postgresql.cnpg.io/v1/{}/clusters',
  Pooler: '/apis/postgresql.cnpg.io/v1/{}/poolers',
  SGShardedCluster: '/apis/stackgres.io/v1alpha1/{}/sgshardedclusters',
  Kafka: '/apis/kafka.strimzi.io/v1/{}/kafkas',
  KafkaTopic: '/apis/kafka.strimzi.io/v1/{}/kafkatopics',
  KafkaUser: '/apis/kafka.strimzi.io/v1/{}/kafkausers',
};

/** Where all objects of a kind are in a namespace. */
export const pathOf = (kind: RolloutKind, namespace: string): string =>
  API[kind].replace('{}', `namespaces/${encodeURIComponent(namespace)}`);

/** Where the pods, claims and events of a namespace are. */
export const corePathOf = (namespace: string): string =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}`;

export const podPathOf = (namespace: string, pod: string): string =>
  `${corePathOf(namespace)}/pods/${encodeURIComponent(pod)}`;

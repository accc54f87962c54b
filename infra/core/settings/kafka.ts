// The settings of the stack kubernetes-kafka, which is there only when TSDB_DEPLOY_KAFKA is "true".
import { flag, list, matching, NAMESPACE, optional, wholeNumber } from './parsers';
import type { SettingTable, ValuesOf } from './setting';

export const KAFKA_SETTINGS = {
  isWanted: {
    name: 'TSDB_DEPLOY_KAFKA',
    default: 'false',
    meaning:
      '"true" adds a Kafka of the operator Strimzi in namespace `<name>-kafka` (stack `kubernetes-kafka`)',
    parse: flag,
  },
  operatorNamespace: {
    name: 'TSDB_DEPLOY_KAFKA_OPERATOR_NAMESPACE',
    default: 'strimzi',
    meaning: 'namespace of the Strimzi operator; its pods may reach the brokers',
    parse: matching(NAMESPACE, 'a namespace'),
  },
  kedaNamespace: {
    name: 'TSDB_DEPLOY_KEDA_NAMESPACE',
    default: 'keda',
    meaning: 'namespace of KEDA; its pods may reach the brokers when it decides the number of consumers',
    parse: matching(NAMESPACE, 'a namespace'),
  },
  version: {
    name: 'TSDB_DEPLOY_KAFKA_VERSION',
    meaning:
      'version of Kafka that the operator knows such as "4.3.1"; empty = the default of the operator, also when that changes',
    parse: optional(/^\d+\.\d+\.\d+$/, 'a version such as 4.3.1'),
  },
  /** At least three, because each record is on three of them. */
  nodes: {
    name: 'TSDB_DEPLOY_KAFKA_NODES',
    default: '3',
    meaning: 'number of brokers of that Kafka, each on a node of its own; each of them is also a controller',
    parse: wholeNumber(3, 9),
  },
  cpus: {
    name: 'TSDB_DEPLOY_KAFKA_CPUS',
    default: '1',
    meaning: 'number of cores that each broker requests',
    parse: wholeNumber(1, 64),
  },
  memoryMiB: {
    name: 'TSDB_DEPLOY_KAFKA_MEMORY_MIB',
    default: '4096',
    meaning: 'memory request and limit of each broker in MiB; half of it becomes its heap, up to 5 GiB',
    parse: wholeNumber(2048, 1_048_576),
  },
  diskGiB: {
    name: 'TSDB_DEPLOY_KAFKA_GIB',
    default: '64',
    meaning: 'size of the volume of each broker in GiB; it can grow but not shrink',
    parse: wholeNumber(8, 65_536),
  },
  /** main.ts hands over settings only, and the declared schema is not among them. A test compares both. */
  topics: {
    name: 'TSDB_DEPLOY_KAFKA_TOPICS',
    default: 'bss.customer.metrics,bss.order.metrics,bss.payment.metrics',
    meaning: 'comma-separated topics that the stack makes, each with its topic of dead letters `<topic>.dlq`',
    parse: list(
      /^[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?$/,
      'topics of lower-case letters, digits, dots and hyphens',
    ),
  },
  partitions: {
    name: 'TSDB_DEPLOY_KAFKA_PARTITIONS',
    default: '6',
    meaning:
      'number of partitions of each topic; it can grow but not shrink, and growing moves keys to other partitions',
    parse: wholeNumber(1, 1000),
  },
  retentionHours: {
    name: 'TSDB_DEPLOY_KAFKA_RETENTION_HOURS',
    default: '168',
    meaning:
      'number of hours for which the topics keep a record; a consumer that is away for longer stops at the gap',
    parse: wholeNumber(1, 87_600),
  },
} as const satisfies SettingTable;

export type KafkaConfig = ValuesOf<typeof KAFKA_SETTINGS>;

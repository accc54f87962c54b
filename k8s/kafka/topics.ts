// The topics with their topics of dead letters, and the users that may just do what a consumer and a producer do.
import type { DeployConfig } from '../../infra/core/config';
import type { OperatorObject } from '../ha/manifest';
import { REPLICAS } from './cluster';
import { kafkaNames, lettersOf, OF_CLUSTER, STRIMZI_API } from './names';

export function topics(config: DeployConfig): readonly OperatorObject[] {
  const { partitions, retentionHours } = config.kafka;
  return config.kafka.topics
    .flatMap((topic) => [topic, lettersOf(topic)])
    .map((topic) => ({
      ...ofCluster(config),
      id: `topic-${topic.replaceAll('.', '_')}`,
      name: topic,
      kind: 'KafkaTopic',
      spec: {
        partitions,
        replicas: REPLICAS.all,
        config: {
          'retention.ms': retentionHours * 3_600_000,
          'min.insync.replicas': REPLICAS.inSync,
        },
      },
    }));
}

export function users(config: DeployConfig): readonly OperatorObject[] {
  const { consumer, producer } = kafkaNames(config);
  return [
    user(config, 'consumer', consumer, consumerRules(config)),
    user(config, 'producer', producer, producerRules(config)),
  ];
}

function user(config: DeployConfig, id: string, name: string, acls: readonly Rule[]): OperatorObject {
  return {
    ...ofCluster(config),
    id: `user-${id}`,
    name,
    kind: 'KafkaUser',
    spec: {
      authentication: { type: 'scram-sha-512' },
      authorization: { type: 'simple', acls },
    },
  };
}

interface Rule {
  readonly resource: { readonly type: string; readonly name?: string; readonly patternType?: string };
  readonly operations: readonly string[];
}

/**
 * Reads topics and their letters with its group, and writes letters in transactions whose ids begin with the group. The offsets of
 * these transactions belong to a group of their own.
 */
function consumerRules({ kafka, streams }: DeployConfig): readonly Rule[] {
  const group = streams.kafkaGroup;
  const prefix = { name: group, patternType: 'prefix' };
  return [
    ...kafka.topics.flatMap((topic) => [
      topicRule(topic, ['Describe', 'Read']),
      topicRule(lettersOf(topic), ['Describe', 'Read', 'Write']),
    ]),
    ...[group, `${group}.letters`].map((name) => ({
      resource: { type: 'group', name, patternType: 'literal' },
      operations: ['Describe', 'Read'],
    })),
    // A replay of letters from their topic reads with a group that it deletes afterwards.
    {
      resource: { type: 'group', name: REPLAY_GROUP, patternType: 'prefix' },
      operations: ['Delete', 'Describe', 'Read'],
    },
    { resource: { type: 'transactionalId', ...prefix }, operations: ['Describe', 'Write'] },
    IDEMPOTENT,
  ];
}

/** How the groups begin that `tsdb replay kafka` reads with. */
const REPLAY_GROUP = 'tsdb-replay-';

function producerRules({ kafka }: DeployConfig): readonly Rule[] {
  return [...kafka.topics.map((topic) => topicRule(topic, ['Describe', 'Write'])), IDEMPOTENT];
}

const topicRule = (name: string, operations: readonly string[]): Rule => ({
  resource: { type: 'topic', name, patternType: 'literal' },
  operations,
});

const IDEMPOTENT: Rule = { resource: { type: 'cluster' }, operations: ['IdempotentWrite'] };

function ofCluster(config: DeployConfig) {
  const labels = { [OF_CLUSTER]: kafkaNames(config).cluster };
  return { component: 'kafka', apiVersion: STRIMZI_API, labels };
}

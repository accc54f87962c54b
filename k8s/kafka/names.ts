// Names that the operator Strimzi chooses, and names that we give it.
import type { DeployConfig } from '../../infra/core/config';

/** As in the definitions of version 1.2.0 of the operator, which serve no other version. */
export const STRIMZI_API = 'kafka.strimzi.io/v1';

/** Port of the one listener for clients, and of what brokers and operator say to each other. */
export const PORTS = { clients: 9093, control: 9090, replication: 9091, agent: 8443 } as const;

/** Label by which the operator knows to which cluster an object belongs. */
export const OF_CLUSTER = 'strimzi.io/cluster';

/** Label of pods, in any namespace, that may reach the brokers besides the consumers; its value is "true". */
export const KAFKA_CLIENT = 'timescaledb-as-code/kafka-client';

export function kafkaNames({ name }: DeployConfig) {
  const namespace = `${name}-kafka`;
  return {
    namespace,
    cluster: name,
    pool: 'brokers',
    consumer: `${name}-consumer`,
    producer: `${name}-producer`,
    /** What `TSDB_DEPLOY_KAFKA_BROKERS` is set to. */
    brokers: `${name}-kafka-bootstrap.${namespace}.svc:${PORTS.clients}`,
    authorities: `${name}-cluster-ca-cert`,
    brokerPods: { [OF_CLUSTER]: name, 'strimzi.io/name': `${name}-kafka` },
    entityOperatorPods: { [OF_CLUSTER]: name, 'strimzi.io/name': `${name}-entity-operator` },
  };
}

/** The topic of the dead letters of a topic. */
export const lettersOf = (topic: string): string => `${topic}.dlq`;

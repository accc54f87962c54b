// The consumers of Kafka and MQTT in the compose file.
import { type Consumer, fileInContainer } from '../consumer';
import type { ReleaseProps } from '../release-props';
import { poolerOf } from './pooler-service';
import { PROGRAM, program, readyAt } from './program-services';
import { secret } from './service-parts';

/** Memory that a consumer may use, in MiB: records that wait, and those that the library has fetched ahead. */
export const CONSUMER_MIB = 512;

/**
 * `tsdb consume`, with the login of the API. Nothing connects to it. A second one beside it would do no harm: the database keeps
 * each from storing what the other has stored.
 */
export function consumerService(props: ReleaseProps, consumer: Consumer) {
  const service = program(props, 'app');
  const files = Object.keys(consumer.secrets) as (keyof Consumer['secrets'])[];
  return {
    ...service,
    command: ['node', `${PROGRAM}/tsdb.js`, 'consume', consumer.kind],
    environment: {
      ...service.environment,
      // The scripts say which of the poolers goes with the API in service.
      ...(props.pooler === undefined ? {} : { PGHOST: `\${TSDB_POOLER:-${poolerOf('api-blue')}}` }),
      ...literally(consumer.environment),
      ...(consumer.usesEventHubs ? { TSDB_KAFKA_BROKERS: `\${TSDB_KAFKA_BROKERS:-}` } : {}),
      // Only the check of its health asks it, from inside the container.
      HOST: '127.0.0.1',
    },
    volumes: [...service.volumes, ...files.map((file) => secret(file, fileInContainer(file)))],
    networks: ['data', 'streams'],
    // The time to store what it holds.
    stop_grace_period: '60s',
    mem_limit: `${CONSUMER_MIB}m`,
    healthcheck: {
      test: readyAt('TSDB_STREAM_PORT'),
      interval: '5s',
      timeout: '5s',
      retries: 6,
      // A role of a new identity takes minutes to be in effect.
      start_period: '10m',
    },
  };
}

/** Compose would take a dollar for a variable, and the user name of Event Hubs is "$ConnectionString". */
function literally(environment: Consumer['environment']): Consumer['environment'] {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value.replaceAll('$', '$$$$')]),
  );
}

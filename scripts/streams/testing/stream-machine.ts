// For tests of consumers: a Kafka and a database of their own, which can both be killed, and consumers as processes.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { findTimescaleBinaries } from '../../../db/local/binaries';
import { type Cluster, startCluster } from '../../../db/local/cluster';
import { postmasterPid, temporaryFolder } from '../../../db/local/testing/places';
import { business } from '../../../db/schema/business';
import { service } from '../../../db/schema/service';
import { applySets, select } from '../../../db/testing/apply';
import { type Running, startTsdb } from '../../testing/command-line';
import { type KafkaUnderTest, noKafka, startKafka } from './kafka-broker';

const binaries = findTimescaleBinaries(process.env);

/** Why such tests are skipped; undefined where both can be started. */
export const noMachine: string | undefined =
  noKafka ?? (binaries === undefined ? 'no PostgreSQL with TimescaleDB is installed' : undefined);

export interface StreamMachine {
  readonly kafka: KafkaUnderTest;
  readonly group: string;
  /** Starts `tsdb consume kafka`; `stop` of the machine ends it. */
  consumer(env?: Readonly<Record<string, string>>): Running;
  /** Rows of a query. Undefined while the database is away. */
  ask<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[] | undefined>;
  /** Kills the database, as a loss of power does to a machine that keeps what was written, and starts it again. */
  restartDatabase(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both, with the sets `business` and `service` applied. */
export async function startStreamMachine(): Promise<StreamMachine> {
  if (binaries === undefined) throw new Error(noMachine);
  const folder = temporaryFolder();
  const running = new Set<Running>();
  const group = 'timescale-ingest';
  // What was committed must outlive a kill, or positions go back and letters are sent again.
  const start = (port?: number): Promise<Cluster> =>
    startCluster({ binaries, folder: join(folder, 'cluster'), port, durable: true });
  let cluster = await start();
  const { url, port } = cluster;
  const kafka = await startKafka();
  await applySets(url, [business, service]);
  return {
    kafka,
    group,
    consumer: (env = {}) => {
      const started = startTsdb(['consume', 'kafka', '--topic', 'bss.customer.metrics'], {
        env: {
          DATABASE_URL: url,
          TSDB_SCHEMAS: 'business,service',
          TSDB_KAFKA_BROKERS: kafka.address,
          TSDB_KAFKA_GROUP: group,
          TSDB_KAFKA_SESSION_MS: '6000',
          TSDB_STREAM_PORT: '0',
          HOST: '127.0.0.1',
          ...env,
        },
      });
      running.add(started);
      void started.finished.then(() => running.delete(started));
      return started;
    },
    ask: (sql, values = []) =>
      select<never>(url, sql, values).catch((error: unknown) => {
        // A fault of the query itself is the test's.
        if (/^(42|22)/.test((error as { code?: string }).code ?? '')) throw error;
        return undefined;
      }),
    restartDatabase: async () => {
      const pid = postmasterPid(join(folder, 'cluster'));
      if (pid === undefined) throw new Error('the database does not run');
      process.kill(pid, 'SIGKILL');
      await cluster.ended;
      await cluster.stop();
      cluster = await start(port);
    },
    stop: async () => {
      for (const { process: child } of running) child.kill('SIGKILL');
      await kafka.stop();
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

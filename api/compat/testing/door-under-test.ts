// The API with the table for metrics, listening, for clients of other systems.
import type { AddressInfo } from 'node:net';
import type { TestServer } from '../../../db/local/test-servers';
import { type ApiUnderTest, startApi } from '../../testing/api-under-test';

/** A sample as it is stored. */
export interface StoredSample {
  readonly time: string;
  readonly name: string;
  readonly value: number | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** An API with doors. */
export interface DoorUnderTest extends ApiUnderTest {
  /** Where it listens, for example `http://127.0.0.1:1234`. */
  origin(): string;
  /** The stored samples, by name, time and labels. */
  samples(where?: string): Promise<readonly StoredSample[]>;
  count(sql: string): Promise<number>;
  letters(): Promise<
    readonly { readonly reason: string; readonly format: string; readonly original: string }[]
  >;
}

export const DOOR_ENV = {
  TSDB_SCHEMAS: 'iot,service,telemetry',
  TSDB_MAX_BODY_BYTES: '2000000',
  TSDB_STATEMENT_TIMEOUT_MS: '60000',
};

/** Starts it. */
export async function startDoors(server: TestServer): Promise<DoorUnderTest> {
  const api = await startApi(server, { env: DOOR_ENV });
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  return {
    ...api,
    origin: () => `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`,
    samples: async (where = 'true') => {
      const sql = `SELECT time, name, value, labels FROM telemetry.sample WHERE ${where} ORDER BY name, time, labels`;
      return (await api.pool.query(sql)).rows;
    },
    count: async (sql) => Number((await api.pool.query(sql)).rows[0].count),
    letters: async () =>
      (
        await api.pool.query(
          'SELECT reason, format, original FROM service.dead_letter ORDER BY received_at, line',
        )
      ).rows,
  };
}

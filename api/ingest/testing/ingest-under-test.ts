// The API with everything that writes need, for tests of writes.
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import type { TestServer } from '../../../db/local/test-servers';
import { type ApiUnderTest, startApi } from '../../testing/api-under-test';

/** An API that rows are sent to, with a limit of 200 000 bytes. */
export interface IngestUnderTest extends ApiUnderTest {
  /** Sends a body, as JSON unless the headers say otherwise. */
  post(
    body: string | Buffer,
    headers?: Readonly<Record<string, string>>,
    table?: string,
  ): Promise<LightMyRequestResponse>;
  /** The stored readings of a sensor in `sensor_data`, in order of time. */
  rowsOf(sensor: string): Promise<{ readonly time: string; readonly temperature: number | null }[]>;
  /** The dead letters of a request, by its answer. */
  lettersOf(answer: LightMyRequestResponse): Promise<{ readonly [column: string]: unknown }[]>;
  /** The number that a `SELECT count(*)` gives. */
  count(sql: string): Promise<number>;
}

/** The present of a suite, and times around it in milliseconds from it. */
export const now = Date.now();
export const at = (offset: number): string => new Date(now + offset).toISOString();

/** Rows as a body. */
export const json = (rows: unknown): string => JSON.stringify(rows);

/** Its settings. */
export const INGEST_ENV = {
  TSDB_SCHEMAS: 'iot,monitoring,service',
  TSDB_MAX_BODY_BYTES: '200000',
  TSDB_STATEMENT_TIMEOUT_MS: '60000',
};

/** Starts it. */
export async function startIngest(server: TestServer): Promise<IngestUnderTest> {
  const api = await startApi(server, { env: INGEST_ENV });
  return {
    ...api,
    post: (payload, headers = {}, table = 'sensor_data') => {
      const request: InjectOptions = {
        method: 'POST',
        url: `/api/ingest/${table}`,
        payload,
        headers: { 'content-type': 'application/json', ...headers },
      };
      return api.app.inject(request);
    },
    rowsOf: async (sensor) => {
      const sql =
        'SELECT time, temperature, humidity, pressure FROM sensor_data WHERE sensor_id = $1 ORDER BY time';
      return (await api.pool.query(sql, [sensor])).rows;
    },
    lettersOf: async ({ headers }) => {
      const sql =
        'SELECT line, reason, original, format, table_name FROM service.dead_letter WHERE request_id = $1 ORDER BY line';
      return (await api.pool.query(sql, [headers['x-request-id']])).rows;
    },
    count: async (sql) => Number((await api.pool.query(sql)).rows[0].count),
  };
}

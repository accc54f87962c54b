// The API on a database of its own, for tests: requests go by `inject`, without a port.
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import type { Pool } from 'pg';
import { createTestDatabase, type TestServer } from '../../db/local/test-servers';
import type { Environment } from '../../db/settings';
import { buildApp } from '../app';
import { readConfig } from '../config';
import { type Database, openDatabase } from '../database';
import type { ApiApp } from '../instance';
import { fixture } from './fixture';

/** An API and its database. */
export interface ApiUnderTest {
  readonly url: string;
  readonly database: Database;
  /** The pool that reads. */
  readonly pool: Pool;
  readonly app: ApiApp;
  get(path: string, headers?: InjectOptions['headers']): Promise<LightMyRequestResponse>;
  send(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: string | object,
    headers?: InjectOptions['headers'],
  ): Promise<LightMyRequestResponse>;
  stop(): Promise<void>;
}

/** Settings of an API under test, by their environment names. */
export interface ApiOptions {
  readonly env?: Environment;
  readonly isShuttingDown?: () => boolean;
}

/** Creates the database, applies the selected sets (`TSDB_SCHEMAS`, default `iot,service`), and builds the API. */
export async function startApi(server: TestServer, options: ApiOptions = {}): Promise<ApiUnderTest> {
  const { env = {}, isShuttingDown = () => false } = options;
  const configFor = (url: string) => readConfig({ TSDB_POOL_SIZE: '4', ...env, DATABASE_URL: url });
  const test = await createTestDatabase(server, fixture(configFor(server.url).desired));
  const config = configFor(test.url);
  const database = openDatabase(config);
  const app = buildApp({ database, config, isShuttingDown });
  return {
    url: test.url,
    database,
    pool: database.reader,
    app,
    get: (url, headers) => app.inject({ method: 'GET', url, ...(headers ? { headers } : {}) }),
    send: (method, url, payload, headers) =>
      app.inject({
        method,
        url,
        ...(payload === undefined ? {} : { payload }),
        ...(headers ? { headers } : {}),
      }),
    stop: async () => {
      await app.close();
      await database.end();
      await test.drop();
    },
  };
}

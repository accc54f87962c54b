// The API on a database of its own, for tests. Requests use `inject` and need no port.
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import type { Pool } from 'pg';
import type { Environment } from '../../db/core/settings';
import { desiredFrom } from '../../db/language/desired';
import type { SchemaSet } from '../../db/language/schema-set';
import { createTestDatabase, type Template, type TestServer } from '../../db/local/test-servers';
import { type AppParts, buildApp } from '../app';
import { type ApiConfig, readConfig } from '../config';
import { type Database, openDatabase } from '../database/database';
import type { ApiApp } from '../http/instance';
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
  /** Sets that are applied and served in place of those that `TSDB_SCHEMAS` selects. */
  readonly sets?: readonly SchemaSet[];
  readonly isShuttingDown?: () => boolean;
  readonly logger?: AppParts['logger'];
  /** What the database contains in addition to the schema. */
  readonly content?: Template;
}

/** Creates the database with the selected sets (`TSDB_SCHEMAS`, default `iot,service`) applied, and builds the API. */
export async function startApi(server: TestServer, options: ApiOptions = {}): Promise<ApiUnderTest> {
  const schema = fixture(settings(server.url, options).desired);
  const template = options.content === undefined ? schema : { ...options.content, base: schema };
  const test = await createTestDatabase(server, template);
  const api = serve(test.url, options);
  return {
    ...api,
    stop: async () => {
      await api.stop();
      await test.drop();
    },
  };
}

/** A second API on the database of a running one, with its own settings; stopping it keeps the database. */
export const startBeside = ({ url }: Pick<ApiUnderTest, 'url'>, options: Omit<ApiOptions, 'content'>) =>
  serve(url, options);

function settings(url: string, { env, sets }: ApiOptions): ApiConfig {
  const config = readConfig({ TSDB_POOL_SIZE: '4', ...env, DATABASE_URL: url });
  return sets ? { ...config, desired: desiredFrom(sets) } : config;
}

function serve(url: string, options: ApiOptions): ApiUnderTest {
  const { isShuttingDown = () => false, logger = false } = options;
  const config = settings(url, options);
  const database = openDatabase(config);
  const app = buildApp({ database, config, isShuttingDown, logger });
  return {
    url,
    database,
    pool: database.reader,
    app,
    get: (path, headers) => app.inject({ method: 'GET', url: path, ...(headers ? { headers } : {}) }),
    send: (method, path, payload, headers) =>
      app.inject({
        method,
        url: path,
        ...(payload === undefined ? {} : { payload }),
        ...(headers ? { headers } : {}),
      }),
    stop: async () => {
      await app.close();
      await database.end();
    },
  };
}

// The API on a database of its own, for tests: requests go by `inject`, without a port.
import type { LightMyRequestResponse } from 'fastify';
import type { Pool } from 'pg';
import { createTestDatabase, type TestServer } from '../../db/local/test-servers';
import { buildApp } from '../app';
import type { ApiApp } from '../instance';
import { createPool, type PoolSettings } from '../pool';
import { createFixture } from './fixture';

/** An API and its database. */
export interface ApiUnderTest {
  readonly url: string;
  readonly pool: Pool;
  readonly app: ApiApp;
  get(path: string): Promise<LightMyRequestResponse>;
  stop(): Promise<void>;
}

/** Creates the database, the fixture and the API. */
export async function startApi(
  server: TestServer,
  options: { maxRows?: number; poolSettings?: Partial<PoolSettings>; isShuttingDown?: () => boolean } = {},
): Promise<ApiUnderTest> {
  const database = await createTestDatabase(server);
  await createFixture(database.url);
  const { maxRows = 100_000, poolSettings, isShuttingDown = () => false } = options;
  const pool = createPool({
    database: { connectionString: database.url },
    poolSize: 4,
    statementTimeoutMs: 10_000,
    ...poolSettings,
  });
  const app = buildApp({ pool, config: { maxRows }, isShuttingDown });
  return {
    url: database.url,
    pool,
    app,
    get: (path) => app.inject({ method: 'GET', url: path }),
    stop: async () => {
      await app.close();
      await pool.end();
      await database.drop();
    },
  };
}

// The smoke test asks real servers: good ones with and without keys, one whose database went away, and none at all.
import { createKey } from '../../../api/access/keys';
import { readConfig } from '../../../api/config';
import { openDatabase } from '../../../api/database/database';
import { type RunningServer, startServer } from '../../../api/server';
import { fixture, runSql } from '../../../api/testing/fixture';
import { createTestDatabase, type TestDatabase, testServers } from '../../../db/local/test-servers';
import { quietPort } from '../../../db/local/testing/quiet-port';
import { asking } from '../../../db/server/ask';
import { select } from '../../../db/testing/apply';
import { drift } from '../drift';
import { smoke } from './smoke';

const [server] = testServers();

describe('the smoke test', () => {
  let database: TestDatabase;
  let printed: string;
  beforeAll(async () => {
    if (server === undefined) throw new Error('a test run has a server');
    database = await createTestDatabase(server, fixture());
    await runSql(
      database.url,
      "INSERT INTO sensor_data (time, sensor_id, temperature) VALUES (now(), 's', 20)",
    );
  });
  afterAll(() => database.drop());
  beforeEach(() => {
    printed = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(() => jest.restoreAllMocks());

  const start = (env: Readonly<Record<string, string>> = {}): Promise<RunningServer> =>
    startServer(
      readConfig({ DATABASE_URL: database.url, PORT: '0', LOG_LEVEL: 'silent', TSDB_POOL_SIZE: '2', ...env }),
      { signals: 'ignore' },
    );
  const newKey = async (role: 'read' | 'write' | 'admin'): Promise<string> => {
    const opened = openDatabase(readConfig({ DATABASE_URL: database.url }));
    try {
      return (await createKey(asking(opened.keys), { name: role, role })).key;
    } finally {
      await opened.end();
    }
  };
  const run = (env: Readonly<Record<string, string>> = {}) => ({
    env,
    signal: new AbortController().signal,
  });
  /** Each check and what became of it, in order. */
  const results = (): readonly string[] =>
    [...printed.matchAll(/^\| (\w+) \| \**(passed|failed|skipped)\** \| (.*) \|$/gm)].map(
      ([, name, kind]) => `${name} ${kind}`,
    );

  it('passes a good server, and writes only when it is let', async () => {
    const api = await start();
    try {
      expect(await smoke({ url: api.url, wait: 0 }, run())).toBe(0);
      expect(results()).toEqual([
        'live passed',
        'ready passed',
        'openapi passed',
        'locked skipped',
        'series passed',
        'ingest skipped',
      ]);
      expect(
        await select(database.url, "SELECT FROM public.sensor_data WHERE sensor_id = 'smoke_test'"),
      ).toEqual([]);
    } finally {
      await api.close();
    }
  });

  it('uses the keys that it is given, writes one reading once, and says which key is wrong', async () => {
    const api = await start({ TSDB_API_AUTH: 'keys' });
    const keys = { TSDB_API_KEY: await newKey('read'), TSDB_API_WRITE_KEY: await newKey('write') };
    try {
      expect(await smoke({ wait: 0 }, run({ ...keys, TSDB_API_URL: api.url }))).toBe(0);
      expect(results().filter((result) => !result.endsWith('passed'))).toEqual(['locked skipped']);
      const rows = await select(
        database.url,
        "SELECT FROM public.sensor_data WHERE sensor_id = 'smoke_test'",
      );
      expect(rows.length).toBe(1);
      expect(printed).not.toContain(keys.TSDB_API_KEY);

      printed = '';
      const swapped = { TSDB_API_KEY: 'nonsense', TSDB_API_WRITE_KEY: keys.TSDB_API_KEY };
      expect(await smoke({ url: api.url, wait: 0 }, run(swapped))).toBe(1);
      expect(results()).toEqual(expect.arrayContaining(['live passed', 'series failed', 'ingest failed']));
      expect(printed).toContain('answered 401');
      expect(printed).toContain('answered 403');
    } finally {
      await api.close();
    }
  });

  it('lets an admin key tell drift', async () => {
    const api = await start({ TSDB_API_AUTH: 'keys' });
    const env = { TSDB_API_URL: api.url, TSDB_API_KEY: await newKey('admin') };
    const stack = { ...run(env), folderOf: async (): Promise<string> => '.' };
    try {
      await runSql(database.url, 'DROP INDEX IF EXISTS sensor_data_sensor_id_time_idx');
      expect(await drift({ stacks: ['azure'], only: 'schema' }, stack)).toBe(2);
      expect(printed).toMatch(/### Schema drift\n\n1 step, 0 refused\./);
      const reader = { ...stack, env: { ...env, TSDB_API_KEY: await newKey('read') } };
      await expect(drift({ stacks: ['azure'], only: 'schema' }, reader)).rejects.toThrow('answered 403');
    } finally {
      await api.close();
    }
  });

  it('fails a server whose database is gone: it lives and is not ready', async () => {
    if (server === undefined) throw new Error('a test run has a server');
    const lost = await createTestDatabase(server, fixture());
    const api = await start({ DATABASE_URL: lost.url });
    try {
      await lost.drop();
      expect(await smoke({ url: api.url, wait: 0 }, run())).toBe(1);
      expect(results().slice(0, 3)).toEqual(['live passed', 'ready failed', 'openapi passed']);
      expect(printed).toContain('answered 503');
    } finally {
      await api.close();
    }
  });

  it('fails when nothing answers, and says so for each check', async () => {
    const url = `http://127.0.0.1:${await quietPort()}`;
    expect(await smoke({ url, wait: 0 }, run())).toBe(1);
    expect(results().filter((result) => result.endsWith('passed'))).toEqual([]);
    expect(printed).toContain('no answer: connect ECONNREFUSED');
    await expect(smoke({ wait: 0 }, run())).rejects.toThrow('nothing says where the API is');
    await expect(smoke({ url: 'tsdb.example', wait: 0 }, run())).rejects.toThrow('like https://tsdb.example');
  });

  it('waits for a server that comes up', async () => {
    const port = await quietPort();
    const tested = smoke({ url: `http://127.0.0.1:${port}`, wait: 60 }, run());
    const api = await start({ PORT: String(port) });
    try {
      expect(await tested).toBe(0);
    } finally {
      await api.close();
    }
  });
});

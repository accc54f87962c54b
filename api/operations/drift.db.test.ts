// Drift on real servers: shared, seen after a change by hand, and with a clear problem where it cannot be told.
import { randomBytes } from 'node:crypto';
import { testServers } from '../../db/local/test-servers';
import { execute } from '../../db/testing/apply';
import { buildApp } from '../app';
import { readConfig } from '../config';
import { openDatabase } from '../database/database';
import { type ApiUnderTest, startApi } from '../testing/api-under-test';
import { at } from '../testing/clock';
import { forSuite } from '../testing/for-suite';
import { holdTable } from '../testing/held-table';

const INDEX = 'sensor_data_sensor_id_time_idx';

describe.each(testServers())('drift on $describe', (server) => {
  const api = forSuite(() => startApi(server));

  const read = async <T>(path: string): Promise<T> => {
    const answer = await api.get(`/api/operations/${path}`);
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-cache']);
    return answer.json();
  };

  it('comes from one plan for all who ask at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => read('drift')));
    expect(answers[0]).toEqual({
      checked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      in_sync: true,
      steps: [],
      refusals: [],
    });
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it('shows what somebody changed by hand, once the last plan is old', async () => {
    // Time stands still: a plan does not grow old between these lines on a machine that is slow.
    const now = Date.now() + 31_000;
    const { checked_at } = await at(now, () => read<{ checked_at: string }>('drift'));
    await execute(api.url, `DROP INDEX public.${INDEX}`);
    expect(await at(now + 29_999, () => read('drift'))).toMatchObject({ checked_at, in_sync: true });
    expect(await at(now + 30_000, () => read('drift'))).toMatchObject({
      in_sync: false,
      steps: [
        {
          object: expect.stringContaining('sensor_data'),
          action: 'create',
          summary: expect.stringContaining('index'),
        },
      ],
      refusals: [],
    });
  });

  it('says so when a table is locked, while everything else goes on', async () => {
    const table = await holdTable(api.url);
    try {
      const drift = at(Date.now() + 120_000, () => api.get('/api/operations/drift'));
      await table.hasWaiting(1);
      expect(await read('jobs')).toMatchObject({ jobs: expect.any(Array) });
      expect((await drift).json()).toMatchObject({
        status: 504,
        type: 'urn:tsdb:problem:database-timeout',
        detail: expect.stringContaining('locked by another session'),
      });
    } finally {
      await table.release();
    }
    // A failure is not kept.
    expect(await read('drift')).toMatchObject({ in_sync: false });
  });
});

describe.each(testServers())('operations with few rights on $describe', (server) => {
  let api: ApiUnderTest;
  const login = `operations_${process.pid}_${randomBytes(3).toString('hex')}`;

  beforeAll(async () => {
    api = await startApi(server, { env: { TSDB_SCHEMAS: 'iot,access' } });
    await execute(api.url, `CREATE ROLE ${login} LOGIN PASSWORD 'secret' IN ROLE tsdb_reader`);
  });
  afterAll(async () => {
    await execute(api.url, `DROP ROLE ${login}`);
    await api.stop();
  });

  it('show a member of tsdb_reader everything but the drift, and say why', async () => {
    const url = new URL(api.url);
    [url.username, url.password] = [login, 'secret'];
    const config = readConfig({ DATABASE_URL: url.href, TSDB_SCHEMAS: 'iot,access' });
    const database = openDatabase(config);
    const app = buildApp({ database, config });
    const ask = async (path: string) => {
      const answer = await app.inject(`/api/operations/${path}`);
      return { path, status: answer.statusCode, body: answer.json() };
    };
    const answers = await Promise.all(['chunks', 'compression', 'jobs', 'aggregates'].map(ask));
    const drift = await ask('drift');
    await app.close();
    await database.end();
    expect(answers.map(({ path, status }) => [path, status])).toEqual(
      ['chunks', 'compression', 'jobs', 'aggregates'].map((path) => [path, 200]),
    );
    expect(drift).toMatchObject({
      status: 503,
      body: { type: 'urn:tsdb:problem:not-ready', detail: expect.stringContaining('permission denied') },
    });
  });

  it('tell that the server is away', async () => {
    const config = readConfig({ DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/none' });
    const database = openDatabase(config);
    const app = buildApp({ database, config });
    const answer = await app.inject('/api/operations/drift');
    await app.close();
    await database.end();
    expect(answer.json()).toMatchObject({
      status: 503,
      type: 'urn:tsdb:problem:database-unavailable',
      detail: expect.stringContaining('cannot connect to 127.0.0.1:1/none'),
    });
    expect(answer.body).not.toContain('secret');
  });
});

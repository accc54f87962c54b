// The API with the least rights that it needs: a login that owns nothing and is a member of two group roles.
import { randomBytes } from 'node:crypto';
import { testServers } from '../../db/local/test-servers';
import { asking } from '../../db/server/ask';
import { select } from '../../db/testing/apply';
import { buildApp } from '../app';
import { readConfig } from '../config';
import { type Database, openDatabase } from '../database/database';
import type { ApiApp } from '../http/instance';
import { type ApiUnderTest, startApi } from '../testing/api-under-test';
import { refreshAll, runSql } from '../testing/fixture';
import { createKey } from './keys';
import { bearer } from './testing/keyed-api';

const DENIED = '42501';
const READ_ONLY = '25006';
const SCHEMAS = 'iot,service,access';

describe.each(testServers())('the API with roles on $describe', (server) => {
  let owner: ApiUnderTest;
  let database: Database;
  let app: ApiApp;
  let key: string;
  const login = `api_${process.pid}_${randomBytes(3).toString('hex')}`;

  beforeAll(async () => {
    owner = await startApi(server, { env: { TSDB_SCHEMAS: SCHEMAS } });
    await runSql(owner.url, `CREATE ROLE ${login} LOGIN PASSWORD 'secret' IN ROLE tsdb_reader, tsdb_api`);
    const url = new URL(owner.url);
    url.username = login;
    url.password = 'secret';
    const config = readConfig({
      DATABASE_URL: url.href,
      TSDB_SCHEMAS: SCHEMAS,
      TSDB_API_AUTH: 'keys',
      TSDB_READ_ROLE: 'tsdb_reader',
      TSDB_WRITE_ROLE: 'tsdb_api',
      TSDB_POOL_SIZE: '4',
    });
    database = openDatabase(config);
    app = buildApp({ database, config });
    key = (await createKey(asking(database.keys), { name: 'test', role: 'admin' })).key;
    await runSql(
      owner.url,
      "INSERT INTO sensor_data SELECT now() - n * interval '1 hour', 's', n, n, n FROM generate_series(1, 100) n",
    );
    await refreshAll(owner.url);
  });
  afterAll(async () => {
    await app?.close();
    await database?.end();
    await owner.stop();
    await runSql(server.url, `DROP ROLE ${login}`);
  });

  const get = (url: string) => app.inject({ url, headers: bearer(key) });
  const outcome = async (pool: 'reader' | 'writer' | 'keys', sql: string): Promise<string> => {
    try {
      await database[pool].query(sql);
      return 'ok';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('is ready and answers every question', async () => {
    await app.ready();
    const answers: Record<string, number> = {};
    for (const [path, operations] of Object.entries(app.swagger().paths ?? {})) {
      // Planning makes temporary objects and looks into the reconciler's journal: that is for the owner.
      if (!('get' in (operations as object)) || path === '/api/operations/drift') continue;
      const url = path
        .replace('/api/sensors/{id}', '/api/sensors/s')
        .replace('{table}', 'sensor_data')
        .replaceAll(/\{\w+\}/g, 'x');
      answers[url] = (await get(url)).statusCode;
    }
    expect(answers).toMatchObject({
      '/health/ready': 200,
      '/metrics': 200,
      '/api/keys': 200,
      '/api/sensors': 200,
      '/api/sensors/s/current': 200,
      '/api/sensors/s/raw': 200,
      '/api/sensors/s/hourly': 200,
      '/api/sensors/s/monthly': 200,
    });
    expect(Object.entries(answers).filter(([, status]) => status >= 500)).toEqual([]);
  });

  it('knows how fresh aggregates are', async () => {
    const { freshness } = (await get('/api/sensors/s/hourly')).json();
    expect(Math.abs(Date.parse(freshness.watermark) - Date.now())).toBeLessThan(2 * 3_600_000);
    expect(freshness.stale).toEqual(server.engine === 'timescaledb' ? [] : null);
    expect((await get('/metrics')).body).toContain(
      'tsdb_aggregate_watermark_seconds{aggregate="public.sensor_data_hourly"}',
    );
  });

  it('makes chunks for rows that no chunk takes, and writes them', async () => {
    const time = '2041-05-06T12:00:00Z';
    if (server.engine !== 'timescaledb') {
      const chunks = await database.writer.query(
        `SELECT tsdb.ensure_chunks('public', 'sensor_data', '${time}', '${time}') AS made`,
      );
      expect(chunks.rows).toEqual([{ made: 1 }]);
    }
    expect(await outcome('writer', `INSERT INTO sensor_data VALUES ('${time}', 'far', 1, 1, 1)`)).toBe('ok');
    const rows = await select<{ chunk: string }>(
      owner.url,
      `SELECT tableoid::regclass::text AS chunk FROM public.sensor_data WHERE sensor_id = 'far'`,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.chunk).not.toMatch(/(_default|public\.sensor_data)$/);
    expect(
      (await get(`/api/sensors/far/raw?from=2041-05-06T00:00:00Z&to=2041-05-07T00:00:00Z`)).json(),
    ).toMatchObject({ count: 1 });
  });

  it('takes rows, keeps those that it cannot take, and watches thresholds', async () => {
    const headers = { ...bearer(key), 'idempotency-key': 'once' };
    const threshold = await app.inject({
      method: 'PUT',
      url: '/api/thresholds/sensor_data/hot/temperature',
      headers: bearer(key),
      payload: { maximum: 30 },
    });
    expect([threshold.statusCode, threshold.body]).toEqual([200, expect.any(String)]);
    const rows = [
      // Far from what any job has made chunks for.
      { time: new Date(Date.now() + 3 * 365 * 86_400_000).toISOString(), sensor_id: 'hot', temperature: 31 },
      { time: 'never', sensor_id: 'hot', temperature: 1 },
    ];
    const request = { method: 'POST', url: '/api/ingest/sensor_data', headers, payload: rows } as const;
    const [first, again] = [await app.inject(request), await app.inject(request)];
    expect([first.statusCode, first.json()]).toEqual([
      207,
      expect.objectContaining({ accepted: 1, rejected: 1, alerts: 1 }),
    ]);
    expect(again.json()).toEqual(first.json());
    const [stored] = await select<{ chunk: string; requests: string; letters: string }>(
      owner.url,
      `SELECT tableoid::regclass::text AS chunk, (SELECT count(*) FROM service.ingest_request) AS requests,
              (SELECT count(*) FROM service.dead_letter) AS letters FROM public.sensor_data WHERE sensor_id = 'hot'`,
    );
    expect(stored).toMatchObject({ requests: '1', letters: '1' });
    expect(stored?.chunk).not.toMatch(/_default$/);
  });

  it('deletes no rows, because it may not change the aggregates, and says who may', async () => {
    const url = '/api/series/sensor_data?from=2020-01-01&to=2040-01-01';
    const refused = await app.inject({ method: 'DELETE', url, headers: bearer(key) });
    expect(refused.json()).toMatchObject({
      type: 'urn:tsdb:problem:rights-missing',
      detail: expect.stringMatching(
        /^The role tsdb_api may not delete rows of public.sensor_data; nothing was deleted. Run ".*delete"/,
      ),
    });
  });

  it('edits thresholds and what the API keeps for itself', async () => {
    for (const sql of [
      "INSERT INTO sensor_thresholds VALUES ('s', 'temperature', 1, 2) ON CONFLICT (sensor_id, metric) DO UPDATE SET minimum = 0",
      'DELETE FROM sensor_thresholds',
      `INSERT INTO service.dead_letter VALUES (gen_random_uuid(), now(), 'sensor_data', 'json', 1, 'no', '{}', 'r')`,
      'DELETE FROM service.dead_letter',
      `INSERT INTO service.ingest_request VALUES ('', 'k', 'd', 200, '{}')`,
      'DELETE FROM service.ingest_request',
      "INSERT INTO sensor_alerts (sensor_id, alert_type) VALUES ('s', 'temperature_low')",
    ])
      expect([sql, await outcome('writer', sql)]).toEqual([sql, 'ok']);
  });

  it.each([
    ['reader', 'SELECT hash FROM service.api_key', DENIED],
    ['reader', "INSERT INTO sensor_data VALUES (now(), 's', 1, 1, 1)", READ_ONLY],
    ['reader', 'SELECT * FROM tsdb.journal', DENIED],
    ['writer', 'UPDATE sensor_data SET temperature = 0', DENIED],
    ['writer', 'DELETE FROM sensor_data', DENIED],
    ['writer', 'DROP TABLE sensor_data', DENIED],
    ['writer', 'CREATE TABLE public.mine ()', DENIED],
    ['writer', 'DELETE FROM tsdb.journal', DENIED],
    ['writer', 'CREATE ROLE mine', DENIED],
    ['keys', 'SELECT id FROM service.api_key', 'ok'],
  ] as const)('%s: %s → %s', async (pool, sql, expected) => {
    expect(await outcome(pool, sql)).toBe(expected);
  });
});

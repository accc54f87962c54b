// The API behind a pooler that gives each transaction another session. With the real PgBouncer.
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { testServers } from '../../db/local/test-servers';
import { describeUnless, itUnless } from '../../db/local/testing/needs';
import { select } from '../../db/testing/apply';
import {
  installedPgBouncers,
  type PgBouncer,
  startPgBouncer,
  versionOf,
} from '../../db/testing/load-pgbouncer';
import { type ApiUnderTest, startApi, startBeside } from '../testing/api-under-test';

const programs = installedPgBouncers().map((program) => ({ program, version: versionOf(program) }));
const SCHEMAS = { TSDB_SCHEMAS: 'iot,service,access' };
const ROLES = { TSDB_READ_ROLE: 'tsdb_reader', TSDB_WRITE_ROLE: 'tsdb_api' };
// Two sessions for all clients, so that each of them gets those of the others.
const SHARING = { pool_mode: 'transaction', default_pool_size: 2 };
const cases = testServers().flatMap((server) =>
  [...programs, ...(programs.length === 0 ? [undefined] : [])].map((bouncer) => ({
    server,
    bouncer,
    title: `${server.describe} behind PgBouncer ${bouncer?.version ?? ''}`,
  })),
);

const SESSION = `SELECT current_user::text AS "user", current_setting('transaction_read_only') AS "readOnly",
  current_setting('statement_timeout') AS timeout, current_setting('timezone') AS zone`;

for (const { server, bouncer, title } of cases)
  describeUnless(bouncer === undefined ? 'pgbouncer is not installed' : undefined, title, () => {
    let owner: ApiUnderTest;
    let pooler: PgBouncer;
    let api: ApiUnderTest;
    const start = (settings: Record<string, string | number>) =>
      startPgBouncer(bouncer?.program ?? '', owner.url, {
        ...SHARING,
        ...(bouncer?.version.startsWith('1.18') ? {} : { max_prepared_statements: 200 }),
        ...settings,
      });
    const beside = (url: string, env = {}): ApiUnderTest =>
      startBeside({ url }, { env: { ...SCHEMAS, ...env } });
    beforeAll(async () => {
      owner = await startApi(server, { env: SCHEMAS });
      pooler = await start({});
      api = beside(pooler.url, ROLES);
    });
    afterAll(async () => {
      await api?.stop();
      await pooler?.stop();
      await owner?.stop();
    });
    const reading = (sensor: string, temperature: unknown = 21) => ({
      time: new Date().toISOString(),
      sensor_id: sensor,
      temperature,
    });
    const ingest = (rows: readonly object[], headers = {}) =>
      api.send('POST', '/api/ingest/sensor_data', rows, headers);

    it('takes writes, also again with their key, and many at the same time', async () => {
      expect((await api.get('/health/ready')).statusCode).toBe(200);
      const limit = await api.send('PUT', '/api/thresholds/sensor_data/a/temperature', { maximum: 30 });
      expect(limit.statusCode).toBe(200);
      const headers = { 'idempotency-key': randomUUID() };
      const twice = [await ingest([reading('a', 40), reading('b')], headers)];
      expect(twice[0]?.json()).toMatchObject({ accepted: 2, alerts: 1 });
      const body = JSON.stringify([reading('c')]);
      const once = { 'idempotency-key': randomUUID(), 'content-type': 'application/json' };
      const same = await Promise.all(
        [1, 2, 3].map(() => api.send('POST', '/api/ingest/sensor_data', body, once)),
      );
      expect(same.map((answer) => answer.json().accepted)).toEqual([1, 1, 1]);
      const many = await Promise.all(Array.from({ length: 16 }, (_, at) => ingest([reading(`many${at}`)])));
      expect(many.map((answer) => answer.json().accepted)).toEqual(Array(16).fill(1));
      const [count] = await select(owner.url, 'SELECT count(*)::int AS rows FROM public.sensor_data');
      expect(count).toEqual({ rows: 19 });
      const refused = await ingest([reading('a', 'warm')]);
      expect(refused.statusCode).toBe(422);
    });

    it('answers reads, exports, alerts and dead letters, and deletes rows', async () => {
      const paths = [
        '/api/sensors/a/raw',
        '/api/series/sensor_data?format=csv',
        '/api/series/sensor_data?field=avg(temperature)&bucket=1h&by=sensor_id&top=2:max(temperature)&period=1d',
        '/api/series/sensor_data/latest?by=sensor_id',
        '/api/operations/chunks',
      ];
      for (const path of paths) {
        const [through, direct] = [await api.get(path), await owner.get(path)];
        expect([path, through.statusCode]).toEqual([path, 200]);
        // The chunks of a server have no order of time in common with its jobs.
        if (!path.includes('period=') && !path.includes('operations')) expect(through.body).toBe(direct.body);
      }
      expect((await api.get('/api/alerts')).json()).toMatchObject({ count: 1 });
      expect((await api.get('/api/dead-letters')).json().count).toBe(1);
      const deletion = '/api/series/sensor_data?from=2000-01-01&to=2100-01-01&where=sensor_id=c';
      expect((await owner.send('DELETE', deletion)).json()).toMatchObject({ deleted: 1 });
      const asOwner = beside(pooler.url);
      const other = deletion.replace('=c', '=b');
      expect((await asOwner.send('DELETE', other)).json()).toMatchObject({ deleted: 1 });
      await asOwner.stop();
    });

    it('never lets one client have the role or the rights of another', async () => {
      const plain = beside(pooler.url, { TSDB_STATEMENT_TIMEOUT_MS: '7000' });
      const strict = { readOnly: 'on', timeout: '10s', zone: 'UTC', user: 'tsdb_reader' };
      const pools = [
        [api.database.reader, strict],
        [api.database.writer, { ...strict, readOnly: 'off', user: 'tsdb_api' }],
        [api.database.keys, { ...strict, readOnly: 'off', user: 'tsdb_api' }],
        [plain.database.reader, { ...strict, timeout: '7s', user: 'postgres' }],
        [plain.database.writer, { ...strict, readOnly: 'off', timeout: '7s', user: 'postgres' }],
      ] as const;
      for (let round = 0; round < 20; round += 1) {
        const seen = await Promise.all(
          pools.flatMap(([pool]) => [1, 2, 3].map(async () => (await pool.query(SESSION)).rows[0])),
        );
        expect(seen).toEqual(pools.flatMap(([, expected]) => [expected, expected, expected]));
      }
      await plain.stop();
      const client = new Client(pooler.url);
      await client.connect();
      expect((await client.query(SESSION)).rows).toEqual([
        { user: 'postgres', readOnly: 'off', timeout: '0', zone: expect.any(String) },
      ]);
      await client.end();
    });

    it('keeps readers from writing, and statements within their time', async () => {
      const { reader, writer } = api.database;
      const denied = { code: '25006' };
      await expect(reader.query('CREATE TABLE public.x ()')).rejects.toMatchObject(denied);
      const db = await reader.connect();
      await db.query('BEGIN');
      await expect(db.query('SET TRANSACTION READ WRITE')).rejects.toMatchObject({ code: '25001' });
      await db.query('ROLLBACK');
      await expect(db.query('DELETE FROM public.sensor_data')).rejects.toMatchObject(denied);
      expect((await db.query(SESSION)).rows).toMatchObject([{ user: 'tsdb_reader', readOnly: 'on' }]);
      db.release();
      await expect(writer.query('DROP TABLE public.sensor_data')).rejects.toMatchObject({ code: '42501' });
      const hasty = beside(pooler.url, { TSDB_STATEMENT_TIMEOUT_MS: '200' });
      await expect(hasty.database.reader.query('SELECT pg_sleep(5)')).rejects.toMatchObject({
        code: '57014',
      });
      await hasty.stop();
      expect((await select(owner.url, SESSION))[0]).toMatchObject({ readOnly: 'off' });
    });

    it('works in the same way where the pooler ignores the start-up options, and with one session each', async () => {
      for (const settings of [
        { ignore_startup_parameters: 'options' },
        { pool_mode: 'session', default_pool_size: 10, ignore_startup_parameters: 'options' },
      ]) {
        const other = await start(settings);
        const through = beside(other.url, ROLES);
        const rows = await Promise.all(
          Array.from({ length: 12 }, async () => (await through.database.reader.query(SESSION)).rows[0]),
        );
        expect(new Set(rows.map((row) => JSON.stringify(row)))).toEqual(
          new Set([JSON.stringify({ user: 'tsdb_reader', readOnly: 'on', timeout: '10s', zone: 'UTC' })]),
        );
        await through.stop();
        await other.stop();
      }
    });

    it('refuses a pooler without transactions, and options that would get lost', async () => {
      const statements = await start({ pool_mode: 'statement' });
      const through = beside(statements.url);
      await expect(through.database.reader.query('SELECT 1')).rejects.toThrow(/set pool_mode = transaction/);
      await through.stop();
      await statements.stop();
      const ignoring = await start({ ignore_startup_parameters: 'options' });
      const withOptions = beside(`${ignoring.url}?options=-c%20work_mem%3D64MB`);
      await expect(withOptions.database.reader.query('SELECT 1')).rejects.toThrow(
        /connection pooler, through which the options in the address of the database do not reach the server/,
      );
      await withOptions.stop();
      await ignoring.stop();
    });
  });

itUnless(programs.length === 0 ? 'pgbouncer is not installed' : undefined)(
  'is tested on every installed one',
  () => expect(programs.every(({ version }) => /^\d/.test(version))).toBe(true),
);

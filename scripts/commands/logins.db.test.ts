// Login roles at work: each does all of its own work on both engines, and nothing of the others'.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKey } from '../../api/access/keys';
import { bearer } from '../../api/access/testing/keyed-api';
import { buildApp } from '../../api/app';
import { readConfig } from '../../api/config';
import { type Database, openDatabase } from '../../api/database/database';
import { createPool } from '../../api/database/pool';
import type { ApiApp } from '../../api/http/instance';
import { desiredFrom } from '../../db/language/desired';
import type { TestDatabase } from '../../db/local/test-servers';
import { itUnless } from '../../db/local/testing/needs';
import { ensureLogins, type LoginsReport } from '../../db/logins/logins';
import { readLoginPasswords } from '../../db/logins/passwords';
import { LOGINS, type LoginName } from '../../db/logins/roles';
import { applySchema } from '../../db/reconcile/apply';
import { makePlan } from '../../db/reconcile/plan';
import { sensorData } from '../../db/schema/iot';
import { selectSets } from '../../db/schema/sets';
import { asking } from '../../db/server/ask';
import { withConnection } from '../../db/server/connection';
import { type DatabaseAddress, readDatabaseAddress } from '../../db/server/database-address';
import { execute, pauseJobs, select } from '../../db/testing/apply';
import { chunksToCompress, convertChunks } from '../../db/upkeep/compress';
import { runDueJobs } from '../../db/upkeep/jobs';
import { refreshAggregates } from '../../db/upkeep/refresh';
import { readStatus } from '../../db/upkeep/status';
import { tsdb } from '../testing/command-line';
import { programFolder } from '../testing/dump-servers';
import { type LoginServer, loginEngines, passwordOf, startLoginServer } from '../testing/login-servers';

const SCHEMAS = 'iot,service,market,access';
const desired = desiredFrom(selectSets(SCHEMAS));
const DENIED = '42501';
const WRONG_PASSWORD = '28P01';

const ROWS = `INSERT INTO public.sensor_data SELECT now() - n * interval '3 hours', 's', n, n, n FROM generate_series(1, 200) n`;

describe.each(loginEngines)('logins on %s', (engine) => {
  let server: LoginServer;
  let database: TestDatabase;
  beforeAll(async () => {
    server = await startLoginServer(engine);
    server.writePasswords('first', ...LOGINS);
    // As they lie beside them in a mounted secret.
    writeFileSync(join(server.folder, 'postgres'), 'x');
    database = await server.createDatabase();
  });
  afterAll(() => server?.stop());

  const run = (url = database.url): Promise<LoginsReport> =>
    ensureLogins({ connectionString: url }, desired, {
      passwords: readLoginPasswords(server.folder),
      lockWaitMs: 30_000,
    });
  const as = (name: LoginName, url = database.url): string => server.as(name, url);
  const plan = (url: string) => withConnection(url, (db) => makePlan(db, desired));
  /** The SQLSTATE that a login gets, or `ok`. */
  const outcome = async (name: LoginName, sql: string, url = as(name)): Promise<string> => {
    try {
      await execute(url, sql);
      return 'ok';
    } catch (error) {
      const { code, cause } = error as { code?: string; cause?: { code?: string } };
      return code ?? cause?.code ?? 'no code';
    }
  };

  // TimescaleDB's scheduler would do what the owner does here.
  it('makes all of them before anything is applied, and then changes nothing', async () => {
    const first = await run();
    expect(first).toMatchObject({
      groups: ['tsdb_reader', 'tsdb_writer', 'tsdb_api', 'tsdb_monitor'],
      notes: [],
      logins: LOGINS.map((name) => ({ role: `tsdb_${name}` })),
    });
    for (const { changes } of first.logins) expect(changes).toEqual(expect.arrayContaining(['password set']));
    const again = await run();
    expect([again.groups, again.logins.map(({ changes }) => changes)]).toEqual([[], [[], [], [], []]]);
    const roles = await select(
      database.url,
      `SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles
        WHERE rolname LIKE 'tsdb%' AND rolcanlogin AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)`,
    );
    expect(roles).toEqual([
      expect.objectContaining({ rolname: 'tsdb_owner', rolcreaterole: true, rolsuper: false }),
    ]);
  });

  it('owner: applies the schema, and needs no second run of logins', async () => {
    const report = await applySchema(as('owner'), desired, { allow: [], lockWaitMs: 30_000 });
    expect(report.applied).toEqual(expect.arrayContaining(['grant-monitor:tsdb_monitor']));
    expect((await plan(as('owner'))).steps).toEqual([]);
    expect((await run()).logins.map(({ changes }) => changes)).toEqual([[], [], [], []]);
    await pauseJobs(as('owner'));
  });

  it('owner: refreshes, compresses and runs jobs', async () => {
    await execute(as('owner'), ROWS);
    await withConnection(as('owner'), async (db) => {
      if (engine !== 'timescaledb') {
        await db.query('UPDATE tsdb.job SET next_start = now()');
        const runs = await runDueJobs(db);
        expect(runs.length).toBeGreaterThan(5);
        expect(runs.filter(({ error }) => error !== undefined)).toEqual([]);
      } else {
        const chunks = await chunksToCompress(db, sensorData, '7 days');
        const done: unknown[] = [];
        await convertChunks(db, 'columns', chunks, { onDone: ({ error }) => done.push(error) });
        expect(done.length).toBeGreaterThan(5);
        expect(done.filter((error) => error !== undefined)).toEqual([]);
        const jobs = await db.query<{ id: number }>(
          `SELECT job_id AS id FROM timescaledb_information.jobs WHERE job_id >= 1000 AND owner::text = 'tsdb_owner' ORDER BY 1`,
        );
        expect(jobs.rows.length).toBeGreaterThan(5);
        for (const { id } of jobs.rows) await db.query('CALL public.run_job($1)', [id]);
      }
      const results = await refreshAggregates(db, engine, desired.aggregates);
      expect(results).toHaveLength(desired.aggregates.length);
    });
  });

  it.each([
    ['CREATE DATABASE mine'],
    ['ALTER ROLE tsdb_app SUPERUSER'],
    ['CREATE ROLE mine SUPERUSER'],
    ["COPY public.sensor_data TO PROGRAM 'cat'"],
    ['SELECT * FROM pg_catalog.pg_authid'],
    ['ALTER SYSTEM SET work_mem = 1'],
  ])('owner: may not %s', async (sql) => {
    expect(await outcome('owner', sql)).toBe(DENIED);
  });

  describe('app', () => {
    let api: Database;
    let app: ApiApp;
    let key: string;
    beforeAll(async () => {
      const config = readConfig({
        DATABASE_URL: as('app'),
        TSDB_SCHEMAS: SCHEMAS,
        TSDB_API_AUTH: 'keys',
        TSDB_READ_ROLE: 'tsdb_reader',
        TSDB_WRITE_ROLE: 'tsdb_api',
        TSDB_POOL_SIZE: '2',
      });
      api = openDatabase(config);
      app = buildApp({ database: api, config });
      // As `tsdb keys create` does: on a session that has taken on no role.
      key = (await withConnection(as('app'), (db) => createKey(asking(db), { name: 'test', role: 'admin' })))
        .key;
    });
    afterAll(async () => {
      await app?.close();
      await api?.end();
    });
    const ask = (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object, headers = {}) =>
      app.inject({ method, url, headers: { ...bearer(key), ...headers }, ...(payload ? { payload } : {}) });

    it.each([
      '/health/ready',
      '/metrics',
      '/api/keys',
      '/api/sensors',
      '/api/sensors/s/current',
      '/api/sensors/s/raw',
      '/api/sensors/s/hourly',
      '/api/sensors/s/monthly?period=1y',
      '/api/operations/jobs',
      '/api/operations/aggregates',
      '/api/operations/chunks',
      '/api/operations/compression',
    ])('answers %s', async (url) => {
      const answer = await ask('GET', url);
      expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
    });

    it('compares the database with the declaration', async () => {
      const answer = await ask('GET', '/api/operations/drift');
      expect([answer.statusCode, answer.json()]).toEqual([200, expect.objectContaining({ in_sync: true })]);
    });

    it('takes rows once, keeps what it cannot take, and watches thresholds', async () => {
      const limit = await ask('PUT', '/api/thresholds/sensor_data/hot/temperature', { maximum: 30 });
      expect(limit.statusCode).toBe(200);
      const rows = [
        // Far from every chunk that there is.
        {
          time: new Date(Date.now() + 3 * 365 * 86_400_000).toISOString(),
          sensor_id: 'hot',
          temperature: 31,
        },
        { time: 'never', sensor_id: 'hot', temperature: 1 },
      ];
      const send = () => ask('POST', '/api/ingest/sensor_data', rows, { 'idempotency-key': 'once' });
      const [first, again] = [await send(), await send()];
      expect([first.statusCode, first.json()]).toEqual([
        207,
        expect.objectContaining({ accepted: 1, rejected: 1, alerts: 1 }),
      ]);
      expect(again.json()).toEqual(first.json());
      const letters = await ask('GET', '/api/dead-letters');
      expect([letters.statusCode, letters.body]).toEqual([200, expect.stringContaining('never')]);
      const alerts = await ask('GET', '/api/alerts');
      expect([alerts.statusCode, alerts.body]).toEqual([200, expect.stringContaining('temperature_high')]);
      const made = await ask('POST', '/api/keys', { name: 'another', role: 'read' });
      expect([made.statusCode, made.body]).toEqual([201, expect.any(String)]);
    });

    it.each([
      'DROP TABLE public.sensor_data',
      'ALTER TABLE public.sensor_data ADD COLUMN mine int',
      'TRUNCATE public.sensor_data',
      'UPDATE public.sensor_data SET temperature = 0',
      'DELETE FROM public.sensor_data',
      'TRUNCATE service.api_key',
      'CREATE TABLE public.mine ()',
      'DELETE FROM tsdb.journal',
      'SELECT * FROM tsdb.journal',
      'SET ROLE tsdb_owner',
      'CREATE ROLE mine',
    ])('may not %s', async (sql) => {
      expect(await outcome('app', sql)).toBe(DENIED);
    });
  });

  it('monitoring: reads how the server, jobs and aggregates do, and no row of data', async () => {
    await withConnection(as('monitoring'), async (db) => {
      const status = await readStatus(db, desired);
      expect(status).toMatchObject({ inSync: true, server: { engine } });
      expect(status.jobs.length).toBeGreaterThan(5);
      expect(status.aggregates.filter(({ watermark }) => watermark !== null)).not.toEqual([]);
      const [seen] = (
        await db.query(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'postgres' AND query IS NOT NULL`,
        )
      ).rows;
      expect(seen.n).toBeGreaterThan(0);
    });
    for (const sql of [
      'SELECT * FROM public.sensor_data',
      'SELECT * FROM public.sensor_data_hourly',
      'SELECT * FROM service.api_key',
      'DELETE FROM tsdb.journal',
      'CREATE TABLE public.mine ()',
    ])
      expect([sql, await outcome('monitoring', sql)]).toEqual([sql, DENIED]);
    expect(await outcome('monitoring', 'SELECT * FROM tsdb.journal')).toBe('ok');
  });

  it('backup: writes nothing', async () => {
    expect(await outcome('backup', 'SELECT * FROM public.sensor_data')).toBe('ok');
    for (const sql of [
      `INSERT INTO public.sensor_data VALUES (now(), 'b', 1, 1, 1)`,
      'DELETE FROM service.api_key',
      'TRUNCATE public.sensor_data',
      'CREATE TABLE public.mine ()',
      'SET ROLE tsdb_owner',
    ])
      expect([sql, await outcome('backup', sql)]).toEqual([sql, DENIED]);
  });

  itUnless(programFolder === undefined ? 'no pg_dump was found' : undefined)(
    'backup: backs up, and a superuser restores elsewhere what the owner then owns',
    async () => {
      const env = { TSDB_SCHEMAS: SCHEMAS, TSDB_PG_BIN: programFolder ?? '' };
      const made = await tsdb(['backup', '--out', join(server.place, 'backups'), '--json'], {
        ...env,
        DATABASE_URL: as('backup'),
      });
      expect(made).toMatchObject({ code: 0 });
      const { dump } = JSON.parse(made.stdout) as { dump: string };
      const name = 'tsdb_elsewhere';
      const restored = await tsdb(['restore', dump, '--into', name, '--yes'], {
        ...env,
        DATABASE_URL: database.url,
      });
      expect([restored.code, restored.stderr]).toEqual([0, expect.any(String)]);
      const url = new URL(database.url);
      url.pathname = name;
      // Privileges on a database are not in its dump.
      const report = await run(url.href);
      expect(report.logins[0]?.changes).toEqual([
        expect.stringMatching(/^CREATE, TEMPORARY|^CONNECT, CREATE, TEMPORARY/),
      ]);
      expect((await plan(as('owner', url.href))).steps).toEqual([]);
    },
  );

  it('gives the owner what a superuser has applied, with jobs that go on', async () => {
    const old = await server.createDatabase();
    await applySchema(old.url, desired, { allow: [], lockWaitMs: 30_000 });
    await pauseJobs(old.url);
    await execute(old.url, 'CREATE TABLE public.foreign_one ()', ROWS);
    if (engine === 'timescaledb')
      await execute(
        old.url,
        `SELECT public.compress_chunk(c) FROM public.show_chunks('public.sensor_data', older_than => interval '9 days') c`,
        'SELECT public.alter_job(job_id, scheduled => true) FROM timescaledb_information.jobs WHERE job_id >= 1000',
      );
    const report = await run(old.url);
    expect(report.logins[0]?.changes).toEqual(
      expect.arrayContaining([expect.stringMatching(/^owner of \d+ objects of postgres$/)]),
    );
    expect((await run(old.url)).logins.map(({ changes }) => changes)).toEqual([[], [], [], []]);
    // What the superuser still has: what nobody declared, and what came with the extension.
    const left = await select<{ name: string }>(
      old.url,
      `SELECT format('%s.%s', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname !~ '^(pg_|information_schema)' AND pg_get_userbyid(c.relowner) = 'postgres' AND c.relkind IN ('r', 'p', 'v', 'S', 'i')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
          AND NOT EXISTS (SELECT FROM pg_index i JOIN pg_depend d ON d.objid = i.indrelid AND d.deptype = 'e' WHERE i.indexrelid = c.oid) ORDER BY 1`,
    );
    expect(left.map(({ name }) => name)).toEqual(['public.foreign_one']);
    const owner = as('owner', old.url);
    expect((await plan(owner)).steps).toEqual([]);
    if (engine === 'timescaledb') {
      const jobs = await select<{ id: number; owner: string }>(
        owner,
        'SELECT job_id AS id, owner::text FROM timescaledb_information.jobs WHERE job_id >= 1000 ORDER BY 1',
      );
      expect(jobs.length).toBeGreaterThan(5);
      expect(new Set(jobs.map((job) => job.owner))).toEqual(new Set(['tsdb_owner']));
      for (const { id } of jobs) await execute(owner, `CALL public.run_job(${id})`);
    } else {
      await execute(owner, 'UPDATE tsdb.job SET next_start = now()');
      const runs = await withConnection(owner, runDueJobs);
      expect(runs.filter(({ error }) => error !== undefined)).toEqual([]);
    }
    // A newer version of this program replaces its functions: all of them are the owner's.
    await execute(owner, `COMMENT ON SCHEMA tsdb IS 'of an older version'`);
    const { applied } = await applySchema(owner, desired, { allow: [], lockWaitMs: 30_000 });
    expect(applied).toEqual(['internals:tsdb']);
  });

  it('backup: reads tables with row-level security whole, once there are any', async () => {
    await execute(
      database.url,
      'CREATE TABLE public.secured AS SELECT 1 AS one',
      'ALTER TABLE public.secured ENABLE ROW LEVEL SECURITY',
    );
    const whole = `SELECT set_config('row_security', 'off', false); SELECT * FROM public.secured`;
    expect(await outcome('backup', whole)).toBe(DENIED);
    expect((await run()).logins.map(({ changes }) => changes)).toEqual([[], [], [], ['made BYPASSRLS']]);
    expect(await outcome('backup', whole)).toBe('ok');
    await execute(database.url, 'DROP TABLE public.secured');
    expect((await run()).logins.map(({ changes }) => changes)).toEqual([[], [], [], []]);
  });

  it('corrects what was changed by hand, and names what it leaves', async () => {
    await execute(
      database.url,
      'ALTER ROLE tsdb_app CREATEDB NOLOGIN',
      'REVOKE tsdb_writer FROM tsdb_app',
      'GRANT pg_write_all_data TO tsdb_backup',
    );
    const report = await run();
    expect(report.logins.map(({ changes }) => changes)).toEqual([
      [],
      ['made LOGIN NOCREATEDB', 'member of tsdb_writer'],
      [],
      [],
    ]);
    expect(report.notes).toEqual([
      expect.stringContaining('tsdb_backup is also a member of pg_write_all_data'),
    ]);
    await execute(database.url, 'REVOKE pg_write_all_data FROM tsdb_backup');
  });

  it('changes the password of the file that changed, alone; a pool that reads the file goes on', async () => {
    const { hostname, port, pathname } = new URL(database.url);
    const address = readDatabaseAddress(
      {
        PGHOST: hostname,
        PGPORT: port,
        PGDATABASE: pathname.slice(1),
        PGUSER: 'tsdb_app',
        PGPASSWORD_FILE: join(server.folder, 'app'),
      },
      [],
    ) as DatabaseAddress;
    const pool = createPool({ database: address, size: 2, access: 'read', statementTimeoutMs: 10_000 });
    const before = await pool.connect();
    server.writePasswords('second', 'app');
    // Both ways of printing, without a process for each on each engine.
    const flags = engine !== 'timescaledb' ? ['--json'] : [];
    const { code, stdout, stderr } = await tsdb(['logins', '--passwords', server.folder, ...flags], {
      DATABASE_URL: database.url,
      TSDB_SCHEMAS: SCHEMAS,
    });
    expect([code, stderr]).toEqual([0, '']);
    const changes = [[], ['password set'], [], []];
    if (engine !== 'timescaledb')
      expect((JSON.parse(stdout) as LoginsReport).logins).toEqual(
        LOGINS.map((name, at) => ({ role: `tsdb_${name}`, changes: changes[at] })),
      );
    else
      expect(stdout).toBe(
        LOGINS.map((name, at) => `tsdb_${name}: ${changes[at]?.[0] ?? 'nothing to change'}\n`).join(''),
      );
    expect(await outcome('app', 'SELECT 1')).toBe('ok');
    const old = server.as('app', database.url, passwordOf('app', 'first'));
    expect(await outcome('app', 'SELECT 1', old)).toBe(WRONG_PASSWORD);
    expect((await pool.query('SELECT current_user::text AS me')).rows).toEqual([{ me: 'tsdb_app' }]);
    before.release();
    await pool.end();
    expect((await run()).logins.map((login) => login.changes)).toEqual([[], [], [], []]);
  });

  it('refuses a login that may not make others, and changes nothing', async () => {
    server.writePasswords('third', 'backup');
    await expect(run(as('app'))).rejects.toThrow(/nothing was changed: this login may not make the others/);
    await execute(database.url, 'ALTER ROLE tsdb_owner SUPERUSER');
    await expect(run(as('owner'))).rejects.toThrow(/tsdb_owner is a superuser.*connect as another superuser/);
    await execute(database.url, 'ALTER ROLE tsdb_owner NOSUPERUSER');
    server.writePasswords('first', 'backup');
    expect(await outcome('backup', 'SELECT 1')).toBe('ok');
  });

  it('tells no server a password', () => {
    expect(server.log()).toContain('ALTER ROLE "tsdb_app" PASSWORD');
    expect(server.log()).not.toContain('clear-text-');
  });
});

// `tsdb advise` on real rows: it finds the better layout, leaves nothing behind, and nobody waits for it.
import { continuousAggregate } from '../../db/language/aggregate';
import { float8, text, timestamptz } from '../../db/language/columns';
import { avg } from '../../db/language/expressions';
import { hypertable } from '../../db/language/hypertable';
import { desc, index } from '../../db/language/indexes';
import { schemaSet } from '../../db/language/schema-set';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { describeUnless, itUnless } from '../../db/local/testing/needs';
import { waitFor } from '../../db/local/testing/wait';
import { iot } from '../../db/schema/iot';
import { withConnection } from '../../db/server/connection';
import { applied, execute, planSets, select } from '../../db/testing/apply';
import { propose } from '../advise/propose';
import { takeSample } from '../advise/sample';
import { trials } from '../advise/trial';
import { type CommandHost, startHost } from '../testing/command-host';
import { startTsdb } from '../testing/command-line';

const [timescale] = testServers('timescaledb');
const [postgres] = testServers('postgres');

// Everything that a command could leave: tables, schemas, chunks, jobs.
const OBJECTS = `SELECT format('%s.%s', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname <> 'pg_catalog'
   UNION ALL SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%temp\\_%'
   UNION ALL SELECT job_id::text FROM timescaledb_information.jobs
   UNION ALL SELECT hypertable_name FROM timescaledb_information.hypertables ORDER BY 1`;

// Each of 20 devices has its own level. Segments by a text that differs in every row keep nothing together.
const level = hypertable('advise_level', {
  columns: {
    time: timestamptz().notNull(),
    device: text().notNull(),
    note: text().notNull(),
    value: float8(),
  },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [index('device', desc('time'))],
  columnstore: { segmentBy: ['note'], orderBy: [desc('time')], after: '7 days', acceptLateRows: true },
});
const levelHourly = continuousAggregate('advise_level_hourly', {
  from: level,
  bucket: '1 hour',
  groupBy: ['device'],
  select: { average: avg('value') },
  realTime: true,
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
  columnstore: { segmentBy: [], orderBy: [desc('bucket')], after: '7 days' },
});
const set = schemaSet('advise', [level, levelHourly]);

const FILL = `INSERT INTO public.advise_level
  SELECT '2026-11-01T00:00:00Z'::timestamptz + m * interval '1 minute', 'device ' || d, 'note ' || m % 60, d * 1000 + m % 7
    FROM generate_series(0, 2880) m, generate_series(1, 20) d`;

describeUnless(timescale ? undefined : 'no TimescaleDB was found', 'on TimescaleDB', () => {
  let database: TestDatabase;
  let host: CommandHost;
  beforeAll(async () => {
    const server = timescale ?? { url: '' };
    database = await createTestDatabase(server, applied([set, iot], 'all jobs'));
    await execute(
      database.url,
      FILL,
      "CALL public.refresh_continuous_aggregate('public.advise_level_hourly', NULL, NULL)",
    );
    host = startHost();
  });
  afterAll(async () => {
    await host.stop();
    await database.drop();
  });

  const advise = <T>(
    work: (db: Parameters<Parameters<typeof withConnection>[1]>[0]) => Promise<T>,
  ): Promise<T> => withConnection(database.url, work);

  it('beats a bad layout, names the right column, and leaves nothing behind', async () => {
    const before = await select(database.url, OBJECTS);
    const { declared, best, tried } = await advise(async (db) => {
      const sample = await takeSample(db, level, 60_000);
      if (sample === undefined) throw new Error('no sample');
      expect(sample).toMatchObject({
        rows: 57_620,
        from: '2026-11-01T00:00:00Z',
        to: '2026-11-03T00:00:00Z',
        groups: new Map([
          ['device', 20],
          ['note', 60],
        ]),
      });
      const layout = { segmentBy: ['note'], orderBy: [desc('time')], chunkInterval: '1 day' } as const;
      return propose(level, layout, sample, trials(db, level, sample));
    });
    expect(declared.layout.segmentBy).toEqual(['note']);
    expect(best.layout.segmentBy).toEqual(['device']);
    expect(best.columnBytes).toBeLessThan(declared.columnBytes * 0.7);
    expect(best.readBytes).toBeLessThanOrEqual(declared.readBytes);
    expect(tried.length).toBeGreaterThan(3);
    expect(await select(database.url, OBJECTS)).toEqual(before);
    expect((await planSets(database.url, [set, iot])).steps).toEqual([]);
  });

  it('locks a table that is being written against nothing', async () => {
    await advise(async (db) => {
      const sample = await takeSample(db, level, 1_000);
      if (sample === undefined) throw new Error('no sample');
      const [{ pid } = { pid: 0 }] = (await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
      const held: unknown[] = [];
      const query = (async (...args: Parameters<typeof db.query>) => {
        const result = await db.query(...args);
        held.push(
          ...(await select(
            database.url,
            `SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
              WHERE l.pid = $1 AND l.granted AND (c.oid = 'public.advise_level'::regclass
                 OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'public.advise_level'::regclass))`,
            [pid],
          )),
        );
        return result;
      }) as typeof db.query;
      const attempt = trials({ query }, level, sample);
      await attempt({ segmentBy: ['device'], orderBy: [desc('time')], chunkInterval: '1 hour' });
      expect(held).toEqual([]);
    });
  });

  it('prints the lines to change, as text and as JSON', async () => {
    // The iot set is what the command can select by name; its table gets the rows of one sensor per value.
    await execute(
      database.url,
      `INSERT INTO public.sensor_data SELECT '2026-11-01T00:00:00Z'::timestamptz + m * interval '1 minute', 'sensor_' || s, s, m % 5, 1000
         FROM generate_series(0, 2879) m, generate_series(1, 5) s`,
    );
    const env = { DATABASE_URL: database.url, TSDB_SCHEMAS: 'iot' };
    const before = await select(database.url, OBJECTS);
    const text = await host.run(['advise', 'sensor_data'], env);
    expect(text).toMatchObject({ code: 0 });
    expect(text.stdout).toMatch(
      /^public\.sensor_data: 14400 rows from 2026-11-01T00:00:00Z to 2026-11-02T23:59:00Z/,
    );
    expect(text.stdout).toMatch(/^declared {2}sensor_id {2,}time DESC {2,}1 day /m);
    const json = await host.run(['advise', '--rows', '5000', '--json'], env);
    expect(json).toMatchObject({ code: 0 });
    const [first, ...others] = (JSON.parse(json.stdout) as { tables: Record<string, unknown>[] }).tables;
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      table: 'public.sensor_data',
      sample: { rows: 5_000 },
      declared: { segmentBy: ['sensor_id'], chunkInterval: '1 day' },
      change: expect.any(Array),
    });
    expect(await select(database.url, OBJECTS)).toEqual(before);
  });

  it('measures what an aggregate stores, whose chunks cannot be declared', async () => {
    const { best, tried } = await advise(async (db) => {
      const sample = await takeSample(db, levelHourly, 10_000);
      if (sample === undefined) throw new Error('no sample');
      expect(sample).toMatchObject({
        chunkInterval: '10 days',
        groups: new Map([['device', 20]]),
      });
      const layout = { segmentBy: [], orderBy: [desc('bucket')], chunkInterval: sample.chunkInterval };
      return propose(levelHourly, layout, sample, trials(db, levelHourly, sample));
    });
    expect(new Set([best, ...tried].map(({ layout }) => layout.chunkInterval))).toEqual(new Set(['10 days']));
  });

  it('leaves nothing behind when it is killed or interrupted', async () => {
    const before = await select(database.url, OBJECTS);
    const env = { DATABASE_URL: database.url, TSDB_SCHEMAS: 'iot' };
    for (const signal of ['SIGKILL', 'SIGINT'] as const) {
      const running = startTsdb(['advise', 'sensor_data'], { env });
      await running.says(/measuring layouts/);
      running.process.kill(signal);
      const { code, stdout } = await running.finished;
      expect({ code, stdout }).toEqual({ code: signal === 'SIGINT' ? 130 : null, stdout: '' });
      await waitFor('the end of its session', async () => {
        const sessions = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tsdb' AND pid <> pg_backend_pid()`;
        return (await select(database.url, sessions)).length === 0;
      });
      expect(await select(database.url, OBJECTS)).toEqual(before);
    }
  });

  it('says what is missing: rows, a columnstore, a table, a right', async () => {
    const empty = await createTestDatabase(timescale ?? { url: '' }, applied([iot], 'all jobs'));
    try {
      const env = { DATABASE_URL: empty.url, TSDB_SCHEMAS: 'iot' };
      const says = async (args: readonly string[], code: number, message: RegExp): Promise<void> => {
        const result = await host.run(['advise', ...args], env);
        expect(result).toMatchObject({ code, stdout: '' });
        expect(result.stderr).toMatch(message);
      };
      await says([], 3, /no rows to measure: public\.sensor_data is empty; write or import some/);
      await says(
        ['sensor_alerts'],
        3,
        /public\.sensor_alerts declares no columnstore, so there is no layout to compare; declare one/,
      );
      await says(
        ['nothing'],
        1,
        /nothing is not a declared table or aggregate; choose from public\.sensor_data/,
      );
      const name = new URL(empty.url).pathname.slice(1);
      await execute(
        empty.url,
        `CREATE ROLE ${name}_poor LOGIN PASSWORD 'poor'`,
        `REVOKE TEMPORARY ON DATABASE "${name}" FROM PUBLIC`,
      );
      const poor = new URL(empty.url);
      poor.username = `${name}_poor`;
      poor.password = 'poor';
      const refused = await host.run(['advise'], { ...env, DATABASE_URL: poor.href });
      expect(refused).toMatchObject({ code: 3, stdout: '' });
      expect(refused.stderr).toMatch(
        /user \w+_poor lacks SELECT on public\.sensor_data and CREATE on the database and TEMPORARY on the database/,
      );
      await execute(empty.url, `DROP ROLE ${name}_poor`, 'DROP TABLE public.sensor_data CASCADE');
      await says([], 3, /public\.sensor_data is not in this database as a hypertable or aggregate/);
    } finally {
      await empty.drop();
    }
  });
});

itUnless(postgres ? undefined : 'no PostgreSQL was started')(
  'needs a server with a columnstore',
  async () => {
    const database = await createTestDatabase(postgres ?? { url: '' }, applied([iot]));
    const host = startHost();
    try {
      const result = await host.run(['advise'], { DATABASE_URL: database.url, TSDB_SCHEMAS: 'iot' });
      expect(result).toMatchObject({ code: 3, stdout: '' });
      expect(result.stderr).toContain('this server has no columnstore');
    } finally {
      await host.stop();
      await database.drop();
    }
  },
);

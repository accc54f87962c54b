// Jobs with settings that no declaration knows: what they select is repaired, how they work is kept, and all of it is named.
import { text, timestamptz } from '../language/columns';
import { hypertable } from '../language/hypertable';
import { index } from '../language/indexes';
import { schemaSet } from '../language/schema-set';
import { createTestDatabase, describeOn, type TestDatabase, testServers } from '../local/test-servers';
import { withConnection } from '../server/connection';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { metricTable, plant } from '../testing/sets';

const ROWS = 100_000;
/** Rows over 60 days, the newest an hour old. */
const rows = `INSERT INTO plant.metric SELECT now() - interval '1 hour' - n * interval '51.84 seconds', 'device ' || n % 20, n FROM generate_series(0, ${ROWS - 1}) n`;
const long = [plant({ retention: '90 days', compressAfter: '30 days' })];

const job = (procedure: string, relation = 'metric'): string =>
  `(SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'policy_${procedure}' AND hypertable_name = '${relation}')`;
const merge = (procedure: string, config: object, relation?: string): string =>
  `SELECT public.alter_job(j.id, config => j.config || '${JSON.stringify(config)}') FROM _timescaledb_catalog.bgw_job j WHERE j.id = ${job(procedure, relation)}`;
const run = (id: number): string => `CALL public.run_job(${id})`;

describeOn('timescaledb', 'settings of jobs', (server) => {
  let database: TestDatabase;
  const idOf = async (procedure: string, relation?: string): Promise<number> =>
    (await select<{ id: number }>(database.url, `SELECT ${job(procedure, relation)} AS id`))[0]?.id ?? -1;
  const configOf = async (id: number): Promise<unknown> =>
    (
      await select<{ config: unknown }>(
        database.url,
        `SELECT config FROM _timescaledb_catalog.bgw_job WHERE id = ${id}`,
      )
    )[0]?.config;
  const tableId = async (): Promise<number> =>
    (
      await select<{ id: number }>(
        database.url,
        `SELECT id FROM _timescaledb_catalog.hypertable WHERE table_name = 'metric'`,
      )
    )[0]?.id ?? -1;
  const count = async (): Promise<number> =>
    (await select<{ n: number }>(database.url, 'SELECT count(*)::int AS n FROM plant.metric'))[0]?.n ?? -1;
  const converted = async (): Promise<number> =>
    (
      await select<{ n: number }>(
        database.url,
        `SELECT count(*)::int AS n FROM timescaledb_information.chunks WHERE hypertable_name = 'metric' AND is_compressed`,
      )
    )[0]?.n ?? -1;
  beforeEach(async () => {
    database = await createTestDatabase(server, applied(long));
  });
  afterEach(() => database.drop());

  it('removes what else selects the chunks to drop, and no row is lost', async () => {
    await execute(database.url, rows, merge('retention', { drop_created_before: '0 seconds' }));
    const id = await idOf('retention');
    // What the job does until it is repaired.
    await withConnection(database.url, async (db) => {
      await db.query('BEGIN');
      await db.query(run(id));
      expect((await db.query('SELECT count(*)::int AS n FROM plant.metric')).rows).toEqual([{ n: 0 }]);
      await db.query('ROLLBACK');
    });

    const plan = await planSets(database.url, long);
    expect(plan.steps.map(({ id: step, summary, hazards }) => ({ step, summary, hazards }))).toEqual([
      {
        step: 'alter-policy:plant.metric:retention',
        summary: 'remove drop_created_before = 0 seconds, which is not declared',
        hazards: [],
      },
    ]);
    await applySets(database.url, long);
    expect(await configOf(id)).toEqual({ hypertable_id: await tableId(), drop_after: 'P90D' });
    await execute(database.url, run(id));
    expect(await count()).toBe(ROWS);
  });

  it('removes what else selects the chunks to convert, and keeps how many at once', async () => {
    await execute(
      database.url,
      rows,
      merge('compression', { compress_created_before: '0 seconds', maxchunks_to_compress: 2 }),
    );
    const id = await idOf('compression');
    expect((await planSets(database.url, long)).steps.map(({ summary }) => summary)).toEqual([
      'remove compress_created_before = 0 seconds, which is not declared',
    ]);
    await applySets(database.url, long);
    expect(await configOf(id)).toEqual({
      hypertable_id: await tableId(),
      compress_after: 'P30D',
      maxchunks_to_compress: 2,
    });
    expect((await planSets(database.url, long)).undeclared).toEqual([
      `maxchunks_to_compress = 2 of job ${id} (columnstore of plant.metric)`,
    ]);
    await execute(database.url, run(id));
    expect(await converted()).toBe(2);
  });

  it('keeps and names how a refresh works when its window changes, and removes that it converts chunks', async () => {
    const tuning = { buckets_per_batch: 5, max_batches_per_execution: 7, refresh_newest_first: true };
    await execute(
      database.url,
      merge('refresh_continuous_aggregate', { ...tuning, compress_after_refresh: true }, 'metric_hourly'),
      `SELECT public.alter_job(${job('refresh_continuous_aggregate', 'metric_hourly')}, max_retries => 3, retry_period => interval '7 minutes', timezone => 'Europe/Berlin')`,
    );
    const id = await idOf('refresh_continuous_aggregate', 'metric_hourly');
    const wider = [
      plant({
        retention: '90 days',
        compressAfter: '30 days',
        startOffset: '5 days',
        refreshEvery: '30 minutes',
      }),
    ];
    expect((await planSets(database.url, wider)).steps.map(({ summary }) => summary)).toEqual([
      'refresh from 3 days → 5 days; every 1 hour → 30 minutes; remove compress_after_refresh = true, which is not declared',
    ]);
    await applySets(database.url, wider);
    expect(await configOf(id)).toEqual({
      mat_hypertable_id: expect.any(Number),
      start_offset: 'P5D',
      end_offset: 'PT1H',
      ...tuning,
    });
    const after = await planSets(database.url, wider);
    expect(after.steps).toEqual([]);
    expect(after.undeclared).toEqual(
      [
        'buckets_per_batch = 5',
        'max_batches_per_execution = 7',
        'refresh_newest_first = true',
        'max_retries = 3',
        'retry_period = 7 minutes',
        'timezone = Europe/Berlin',
      ].map((setting) => `${setting} of job ${id} (refresh of plant.metric_hourly)`),
    );
  });

  it('names nothing of a job that is as the server made it, also after its schedule was changed', async () => {
    await applySets(database.url, [
      plant({ retention: '90 days', compressAfter: '30 days', refreshEvery: '30 minutes' }),
    ]);
    const plan = await planSets(database.url, [
      plant({ retention: '90 days', compressAfter: '30 days', refreshEvery: '30 minutes' }),
    ]);
    expect({ undeclared: plan.undeclared, warnings: plan.warnings }).toEqual({
      undeclared: [],
      warnings: [],
    });
  });

  it('makes a job work on its own table again', async () => {
    await execute(
      database.url,
      'CREATE TABLE plant.other (at timestamptz NOT NULL)',
      `SELECT public.create_hypertable('plant.other', public.by_range('at'))`,
      `SELECT public.alter_job(j.id, config => jsonb_set(j.config, '{hypertable_id}', (SELECT to_jsonb(h.id) FROM _timescaledb_catalog.hypertable h WHERE h.table_name = 'other')))
         FROM _timescaledb_catalog.bgw_job j WHERE j.id = ${job('retention')}`,
    );
    const id = await idOf('retention');
    const sets = [...long, schemaSet('other', [])];
    expect((await planSets(database.url, sets)).steps.map(({ summary }) => summary)).toEqual([
      expect.stringMatching(/^remove hypertable_id = \d+, which is not declared$/),
    ]);
    await applySets(database.url, sets);
    expect(await configOf(id)).toEqual({ hypertable_id: await tableId(), drop_after: 'P90D' });
  });

  it('says in every plan which jobs stand still and which run less often than usual', async () => {
    await execute(
      database.url,
      `SELECT public.alter_job(${job('retention')}, scheduled => false, schedule_interval => interval '1 year')`,
    );
    const id = await idOf('retention');
    const plan = await planSets(database.url, long);
    expect(plan.steps).toEqual([]);
    expect(plan.warnings).toEqual([
      `job ${id} (retention of plant.metric) was paused by hand and does nothing; to resume it, run "SELECT alter_job(${id}, scheduled => true)"`,
    ]);
    expect(plan.undeclared).toEqual([`schedule_interval = 1 year of job ${id} (retention of plant.metric)`]);
    // An apply pauses jobs as well, and resumes them.
    await execute(
      database.url,
      `INSERT INTO tsdb.paused_job (job_id, run) VALUES (${id}, '00000000-0000-0000-0000-000000000000')`,
    );
    expect((await planSets(database.url, long)).warnings).toEqual([]);
  });

  it('compares the whole configuration of a reorder policy, too', async () => {
    const sets = [
      schemaSet('ordered', [
        hypertable('plant.ordered', {
          columns: { at: timestamptz().notNull(), device: text().notNull() },
          time: 'at',
          chunkInterval: '7 days',
          indexes: [index('device', 'at')],
          reorder: index('device', 'at'),
        }),
      ]),
    ];
    await applySets(database.url, [...long, ...sets]);
    // Its schedule follows the chunk interval.
    expect((await planSets(database.url, [...long, ...sets])).undeclared).toEqual([]);
    await execute(
      database.url,
      merge('reorder', { batch: 7 }, 'ordered'),
      `SELECT public.alter_job(${job('reorder', 'ordered')}, scheduled => false, max_retries => 2)`,
    );
    const plan = await planSets(database.url, [...long, ...sets]);
    expect(plan.steps.map(({ id, summary }) => [id, summary])).toEqual([
      ['reorder:plant.ordered', 'reorder old chunks by device, at with batch = 7 → device, at'],
    ]);
    await applySets(database.url, [...long, ...sets]);
    const id = await idOf('reorder', 'ordered');
    expect(await configOf(id)).toEqual({
      hypertable_id: expect.any(Number),
      index_name: 'ordered_device_at_idx',
    });
    await execute(database.url, `SELECT public.alter_job(${id}, scheduled => false, max_retries => 2)`);
    const paused = await planSets(database.url, [...long, ...sets]);
    expect([paused.steps, paused.undeclared, paused.warnings]).toEqual([
      [],
      [`max_retries = 2 of job ${id} (reorder of plant.ordered)`],
      [expect.stringMatching(/^job \d+ \(reorder of plant\.ordered\) was paused by hand/)],
    ]);
  });

  it('removes a second refresh only with consent', async () => {
    await execute(
      database.url,
      `SELECT public.add_continuous_aggregate_policy('plant.metric_hourly', interval '60 days', interval '30 days', interval '1 day')`,
    );
    const plan = await planSets(database.url, long);
    expect(plan.steps.map(({ summary, hazards }) => ({ summary, hazards }))).toEqual([
      {
        summary: expect.stringMatching(
          /^refresh policy from 60 days ago to 30 days ago, every 1 day: not declared \(job \d+\)$/,
        ),
        hazards: [
          {
            name: 'drops-object',
            reason: expect.stringMatching(
              /^buckets of plant\.metric_hourly that only job \d+ refreshes are not refreshed any more$/,
            ),
          },
        ],
      },
    ]);
    await expect(applySets(database.url, long)).rejects.toMatchObject({ exitCode: 3 });
    await applySets(database.url, long, ['drops-object']);
    expect((await planSets(database.url, long)).steps).toEqual([]);
  });

  it('removes a copy of the declared refresh without consent', async () => {
    const add = `SELECT public.add_continuous_aggregate_policy('plant.metric_hourly', interval '3 days', interval '1 hour', interval '1 hour', if_not_exists => true)`;
    await execute(database.url, `SELECT public.remove_continuous_aggregate_policy('plant.metric_hourly')`);
    await withConnection(database.url, (one) =>
      withConnection(database.url, async (other) => {
        await one.query('BEGIN');
        await other.query('BEGIN');
        await one.query(add);
        await other.query(add);
        await one.query('COMMIT');
        await other.query('COMMIT');
      }),
    );
    const plan = await planSets(database.url, long);
    expect(plan.steps.map(({ id, hazards }) => [id, hazards])).toEqual([
      [expect.stringMatching(/^remove-policy:plant\.metric_hourly:refresh:\d+$/), []],
    ]);
    await applySets(database.url, long);
  });

  it('switches off a columnstore without a converted chunk only with consent', async () => {
    const off = [
      schemaSet('plant', [{ ...metricTable({ retention: '90 days' }), columnstore: undefined } as never]),
    ];
    await execute(
      database.url,
      `DROP MATERIALIZED VIEW plant.metric_daily`,
      `DROP MATERIALIZED VIEW plant.metric_hourly`,
    );
    const plan = await planSets(database.url, off);
    expect(plan.steps.map(({ id, summary }) => [id.replace(/:\d+$/, ''), summary])).toEqual([
      [
        'remove-policy:plant.metric:columnstore',
        expect.stringMatching(/^columnstore policy for chunks older than 30 days: not declared \(job \d+\)$/),
      ],
      ['columnstore-off:plant.metric', 'columnstore by device, ordered by at DESC: not declared'],
    ]);
    await expect(applySets(database.url, off)).rejects.toMatchObject({ exitCode: 3 });
    await applySets(database.url, off, ['drops-object']);
  });
});

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'a rebuilt aggregate on %s',
  (engine, server) => {
    it('keeps the settings of its jobs, and a pause', async () => {
      const { url, drop } = await createTestDatabase(server, applied([plant()]));
      await execute(
        url,
        ...(engine === 'timescaledb'
          ? [
              merge('refresh_continuous_aggregate', { buckets_per_batch: 5 }, 'metric_hourly'),
              `SELECT public.alter_job(${job('refresh_continuous_aggregate', 'metric_hourly')}, max_retries => 3, timezone => 'Europe/Berlin')`,
              `SELECT public.alter_job(${job('refresh_continuous_aggregate', 'metric_daily')}, scheduled => false)`,
              `SELECT public.alter_job(${job('retention', 'metric_daily')}, schedule_interval => interval '3 days')`,
            ]
          : [
              `UPDATE tsdb.job SET next_start = 'infinity' WHERE (kind, object_name) = ('refresh', 'metric_daily')`,
              `UPDATE tsdb.job SET schedule_interval = interval '3 days' WHERE (kind, object_name) = ('retention', 'metric_daily')`,
            ]),
      );
      const told = async (otherQuery: boolean): Promise<readonly string[]> => {
        const { undeclared, warnings } = await planSets(url, [plant({ otherQuery })]);
        return [...undeclared, ...warnings].map((line) =>
          line.replace(/job \d+/, 'job N').replace(/;.*/, ''),
        );
      };
      const before = await told(false);
      expect(before).toEqual([
        ...(engine === 'timescaledb'
          ? ['buckets_per_batch = 5', 'max_retries = 3', 'timezone = Europe/Berlin'].map(
              (setting) => `${setting} of job N (refresh of plant.metric_hourly)`,
            )
          : []),
        'schedule_interval = 3 days of job N (retention of plant.metric_daily)',
        expect.stringMatching(/^job N \(refresh of plant\.metric_daily\) was paused by hand/),
      ]);
      const report = await applySets(url, [plant({ otherQuery: true })]);
      expect(report.applied).toContain('swap-aggregates:plant.metric_hourly,plant.metric_daily');
      expect(await told(true)).toEqual(before);
      await drop();
    });
  },
);

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'what a plan says on %s',
  (engine, server) => {
    let database: TestDatabase;
    beforeEach(async () => {
      database = await createTestDatabase(server, applied([plant()]));
    });
    afterEach(() => database.drop());

    it('is the old and the new value of each setting', async () => {
      const changed = [
        plant({
          chunkInterval: '12 hours',
          retention: '90 days',
          compressAfter: '14 days',
          realTime: false,
          startOffset: '5 days',
          refreshEvery: '30 minutes',
        }),
      ];
      const both = [
        'chunk interval 1 day → 12 hours from now on; existing chunks keep their ranges',
        'real-time on → off: shows refreshed buckets only',
        'refresh from 3 days → 5 days; every 1 hour → 30 minutes',
      ];
      const retention = 'retention 30 days → 90 days';
      expect((await planSets(database.url, changed)).steps.map(({ summary }) => summary)).toEqual(
        engine === 'timescaledb'
          ? [...both, 'columnstore after 7 days → 14 days', retention]
          : [...both, retention],
      );
    });

    it('is what a new policy does', async () => {
      const empty = await createTestDatabase(server);
      const plan = await planSets(empty.url, [plant()]);
      expect(
        plan.steps.filter(({ id }) => id.startsWith('add-policy:')).map(({ summary }) => summary),
      ).toEqual([
        ...(engine !== 'timescaledb' ? ['policy that makes chunks ahead of time'] : []),
        'refresh policy from 3 days ago to 1 hour ago, every 1 hour',
        'refresh policy from 7 days ago to 1 day ago, every 1 day',
        ...(engine === 'timescaledb' ? ['columnstore policy for chunks older than 7 days'] : []),
        'retention policy of 30 days',
        'retention policy of 1 year',
      ]);
      await empty.drop();
    });
  },
);

describeOn('postgres', 'settings of emulated jobs', (server) => {
  it('are repaired, named and kept like those of the server', async () => {
    const { url, drop } = await createTestDatabase(server, applied([plant()]));
    await execute(
      url,
      `UPDATE tsdb.job SET start_offset = interval '1 day', schedule_interval = interval '2 days', next_start = 'infinity' WHERE kind = 'retention' AND object_name = 'metric'`,
    );
    const plan = await planSets(url, [plant()]);
    expect(plan.steps.map(({ id, summary }) => [id, summary])).toEqual([
      ['alter-policy:plant.metric:retention', 'refresh from 1 day → none'],
    ]);
    expect(plan.warnings).toEqual([
      expect.stringMatching(/^job \d+ \(retention of plant\.metric\) was paused by hand/),
    ]);
    await applySets(url, [plant()]);
    expect(
      await select(
        url,
        `SELECT start_offset, drop_after::text, schedule_interval::text FROM tsdb.job WHERE kind = 'retention' AND object_name = 'metric'`,
      ),
    ).toEqual([{ start_offset: null, drop_after: 'P30D', schedule_interval: 'P2D' }]);
    expect((await planSets(url, [plant()])).undeclared).toEqual([
      expect.stringMatching(/^schedule_interval = 2 days of job \d+ \(retention of plant\.metric\)$/),
    ]);
    await drop();
  });
});

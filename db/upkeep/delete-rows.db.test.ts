// Deletes rows on real servers, and compares every level with the rows that are left.
import { RefusedError } from '../core/errors';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import type { Db } from '../model';
import { iot } from '../schema/iot';
import { withConnection } from '../server/connection';
import { applied, execute, select } from '../testing/apply';
import { type Deletion, type DeletionResult, DeletionRightsError, deleteRows } from './delete-rows';

const LEVELS = [
  ['sensor_data_hourly', '1 hour'],
  ['sensor_data_daily', '1 day'],
  ['sensor_data_monthly', '1 month'],
] as const;
const NAMES = [
  'public.sensor_data_hourly',
  'public.peak_hours',
  'public.sensor_data_daily',
  'public.sensor_data_monthly',
];

describe.each(testServers())('deleting rows on $describe', (server) => {
  let database: TestDatabase;
  /** The start of a day, forty days ago. */
  let start: Date;
  const { engine } = server;

  beforeEach(async () => {
    database = await createTestDatabase(server, applied([iot], 'all jobs'));
    [{ start } = { start: new Date(0) }] = await select<{ start: Date }>(
      database.url,
      `SELECT public.time_bucket('1 day', now()) - interval '40 days' AS start`,
    );
    // A reading of each of three sensors in every half hour, up to now; some lack a quantity.
    await execute(
      database.url,
      `INSERT INTO public.sensor_data SELECT t, 's' || s, s * 100 + extract(hour FROM t), CASE WHEN extract(minute FROM t) > 0 THEN s END, 1000 + s
         FROM generate_series('${start.toISOString()}'::timestamptz, now(), interval '30 minutes') t, generate_series(1, 3) s`,
      ...NAMES.map(
        (name) => `CALL public.refresh_continuous_aggregate('${name}', NULL, now() - interval '1 hour')`,
      ),
    );
  });
  afterEach(() => database.drop());

  const at = (days: number, hours = 0): string =>
    new Date(start.getTime() + (days * 24 + hours) * 3_600_000).toISOString();
  const deletion = (from: string, to: string, more = 'true', dryRun = false): Deletion => ({
    table: { schema: 'public', name: 'sensor_data', time: 'time' },
    from,
    to,
    condition: `"time" >= $1 AND "time" < $2 AND ${more}`,
    values: [from, to],
    dryRun,
  });
  const run = (what: Deletion, wrap: (db: Db) => Db = (db) => db): Promise<DeletionResult> =>
    withConnection(database.url, (db) => deleteRows(wrap(db), engine, what));
  const countRows = async (condition = 'true'): Promise<number> =>
    (
      await select<{ n: number }>(
        database.url,
        `SELECT count(*)::int AS n FROM public.sensor_data WHERE ${condition}`,
      )
    )[0]?.n ?? -1;

  /** Buckets of all levels that differ from the rows. */
  const wrong = async (since = start.toISOString()): Promise<object[]> => {
    const found: object[] = [];
    for (const [name, width] of LEVELS)
      found.push(
        ...(await select(
          database.url,
          `SELECT '${name}' AS level, * FROM (
             SELECT bucket, sensor_id, reading_count, avg_temperature, min_temperature, max_humidity, count_humidity, sum_pressure FROM public.${name}) a
             FULL JOIN (SELECT public.time_bucket('${width}', time) AS bucket, sensor_id, count(*) AS rows, avg(temperature) AS a, min(temperature) AS b, max(humidity) AS c, count(humidity) AS d, sum(pressure) AS e
                          FROM public.sensor_data GROUP BY 1, 2) r USING (bucket, sensor_id)
           WHERE bucket >= $1 AND (reading_count, min_temperature, max_humidity, count_humidity, sum_pressure) IS DISTINCT FROM (rows, b, c, d, e) OR abs(avg_temperature - a) > 1e-9`,
          [since],
        )),
      );
    return found;
  };
  const pending = (): Promise<object[]> =>
    engine !== 'timescaledb'
      ? Promise.resolve([])
      : select(
          database.url,
          `SELECT * FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log m JOIN _timescaledb_catalog.continuous_aggs_watermark w ON w.mat_hypertable_id = m.materialization_id
            WHERE m.greatest_modified_value < w.watermark AND m.lowest_modified_value > 0
            UNION ALL SELECT h.*, w.* FROM _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log h JOIN _timescaledb_catalog.continuous_agg c ON c.raw_hypertable_id = h.hypertable_id
             JOIN _timescaledb_catalog.continuous_aggs_watermark w USING (mat_hypertable_id) WHERE h.greatest_modified_value < w.watermark`,
        );

  it('takes them out of every aggregate, exactly, and leaves all others', async () => {
    const before = await countRows();
    const result = await run(deletion(at(3, 5), at(12, 7), `sensor_id = 's2'`));
    const rows = (9 * 24 + 2) * 2;
    expect(result.rows).toBe(rows);
    expect(await countRows()).toBe(before - rows);
    expect(result.aggregates.map(({ aggregate }) => aggregate).sort()).toEqual([...NAMES].sort());
    expect(result.aggregates.filter(({ kept, unsettled }) => kept !== null || unsettled !== null)).toEqual(
      [],
    );
    expect(result.aggregates[0]).toMatchObject({
      buckets: 9 * 24 + 2,
      from: at(3, 5).replace('.000', ''),
      to: at(12, 7).replace('.000', ''),
    });
    expect(await wrong()).toEqual([]);
    expect(await pending()).toEqual([]);
    // Nothing is left to do.
    const again = await run(deletion(at(3, 5), at(12, 7), `sensor_id = 's2'`));
    expect([again.rows, again.aggregates.map(({ buckets }) => buckets)]).toEqual([0, [0, 0, 0, 0]]);
  });

  it('takes away the newest rows, and all of a range', async () => {
    await run(deletion(at(39), at(60)));
    expect([await countRows(`time >= '${at(39)}'`), await wrong()]).toEqual([0, []]);
    await execute(database.url, `INSERT INTO public.sensor_data VALUES (now(), 's1', 1, 1, 1)`);
    expect(await wrong()).toEqual([]);
  });

  it('counts only, when it is told so', async () => {
    const before = await countRows();
    const result = await run(deletion(at(3), at(4), 'true', true));
    expect(result.rows).toBe(3 * 48);
    expect(result.aggregates.find(({ aggregate }) => aggregate === NAMES[0])).toMatchObject({ buckets: 24 });
    expect([await countRows(), await wrong(), await pending()]).toEqual([before, [], []]);
  });

  it('finds rows here and there in many buckets', async () => {
    await run(
      deletion(
        at(0),
        at(39),
        // Citus deletes by expressions that mean the same on every server, so without the time zone of the session.
        `extract(minute FROM time AT TIME ZONE 'UTC') = 30 AND sensor_id = 's' || (1 + extract(hour FROM time AT TIME ZONE 'UTC')::int % 3)::text`,
      ),
    );
    expect(await wrong()).toEqual([]);
  });

  it('refuses as a whole when a bucket holds rows that are gone, and names it', async () => {
    await execute(
      database.url,
      `DELETE FROM public.sensor_data WHERE sensor_id = 's1' AND time >= '${at(5, 3)}' AND time < '${at(5, 4)}'`,
    );
    const before = await countRows();
    const stored = await select(database.url, 'SELECT * FROM public.sensor_data_hourly ORDER BY 1, 2');
    for (const dryRun of [true, false]) {
      const refused = run(deletion(at(4), at(6), `sensor_id = 's2'`, dryRun));
      await expect(refused).rejects.toThrow(RefusedError);
      await expect(refused).rejects.toThrow(
        `Stored buckets of public.sensor_data_hourly (${at(5, 3).replace('.000', '')} to ${at(5, 4).replace('.000', '')}) hold rows that public.sensor_data has no more`,
      );
    }
    expect([
      await countRows(),
      await select(database.url, 'SELECT * FROM public.sensor_data_hourly ORDER BY 1, 2'),
    ]).toEqual([before, stored]);
    // Other hours are not concerned.
    expect((await run(deletion(at(4), at(5, 3)))).rows).toBe(27 * 6);
  });

  it('keeps the history of what was dropped', async () => {
    await execute(
      database.url,
      engine === 'timescaledb'
        ? `SELECT public.drop_chunks('public.sensor_data', older_than => '${at(10)}'::timestamptz)`
        : `SELECT tsdb.drop_expired('public', 'sensor_data', '${at(10)}')`,
    );
    const history = () =>
      Promise.all(
        LEVELS.slice(0, 2).map(([name]) =>
          select(database.url, `SELECT * FROM public.${name} WHERE bucket < '${at(10)}' ORDER BY 1, 2`),
        ),
      );
    const before = await history();
    const months = `SELECT sum(reading_count)::int AS n FROM public.sensor_data_monthly`;
    const [{ n } = { n: 0 }] = await select<{ n: number }>(database.url, months);
    expect((await run(deletion(at(0), at(20), `sensor_id = 's3'`))).rows).toBe(10 * 48);
    expect(await history()).toEqual(before);
    expect(await select(database.url, months)).toEqual([{ n: n - 10 * 48 }]);
    expect(
      (await wrong(at(10))).filter((row) => !('level' in row) || row.level !== 'sensor_data_monthly'),
    ).toEqual([]);
  });

  it('changes nothing when it fails in between, and finishes what is left when it is repeated', async () => {
    const before = await countRows();
    const failingAt =
      (text: string) =>
      (db: Db): Db =>
        ({
          ...db,
          query: (sql: string, values?: unknown[]) => {
            if (sql.startsWith(text)) throw new Error('the process has died');
            return db.query(sql, values);
          },
        }) as Db;
    const what = deletion(at(3), at(4), `sensor_id = 's1'`);
    for (const part of ['WITH computed', 'COMMIT']) {
      await expect(run(what, failingAt(part))).rejects.toThrow('the process has died');
      expect([await countRows(), await wrong()]).toEqual([before, []]);
    }
    const half = await run(what, failingAt('CALL'));
    expect([half.rows, await wrong()]).toEqual([48, []]);
    if (engine === 'timescaledb') {
      expect(half.aggregates.map(({ unsettled }) => unsettled)).toEqual(
        NAMES.map(() => 'the process has died'),
      );
      expect(await pending()).not.toEqual([]);
    }
    const rest = await run(what);
    expect([rest.rows, rest.aggregates.filter(({ unsettled }) => unsettled !== null)]).toEqual([0, []]);
    expect([await wrong(), await pending()]).toEqual([[], []]);
  });

  it('goes together with refreshes and late rows', async () => {
    const refreshes = withConnection(database.url, async (db) => {
      for (let round = 0; round < 6; round += 1)
        for (const name of NAMES)
          await db
            .query(
              `CALL public.refresh_continuous_aggregate('${name}', NULL, now()${engine === 'timescaledb' ? ', force => true' : ''})`,
            )
            .catch((error: { code?: string }) => {
              if (!['40001', '55P03', '40P01'].includes(error.code ?? '')) throw error;
            });
    });
    const late = withConnection(database.url, async (db) => {
      for (let hour = 0; hour < 100; hour += 1)
        await db.query(
          `INSERT INTO public.sensor_data VALUES ('${at(6, hour)}'::timestamptz + interval '1 minute', 'late', ${hour}, 1, 1)`,
        );
    });
    for (const day of [4, 8, 12, 16]) await run(deletion(at(day), at(day + 3), `sensor_id = 's1'`));
    await Promise.all([refreshes, late]);
    // A bucket is never stored twice.
    for (const [name] of LEVELS)
      expect(
        await select(
          database.url,
          `SELECT bucket, sensor_id FROM public.${name} GROUP BY 1, 2 HAVING count(*) > 1`,
        ),
      ).toEqual([]);
    await execute(
      database.url,
      ...NAMES.map((name) => `CALL public.refresh_continuous_aggregate('${name}', NULL, now())`),
    );
    expect(await wrong()).toEqual([]);
  });

  it('refuses whoever may not change the aggregates, before anything is deleted', async () => {
    const role = `deleter_${process.pid}_${engine}`;
    await execute(
      database.url,
      `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`,
      `GRANT SELECT, INSERT, DELETE ON public.sensor_data TO ${role}`,
    );
    try {
      if (engine !== 'timescaledb')
        await execute(
          database.url,
          `GRANT USAGE ON SCHEMA tsdb TO ${role}`,
          `GRANT SELECT ON tsdb.continuous_aggregate TO ${role}`,
        );
      const before = await countRows();
      const url = new URL(database.url);
      url.username = role;
      url.password = 'secret';
      const refused = withConnection(url.href, (db) => deleteRows(db, engine, deletion(at(3), at(4))));
      await expect(refused).rejects.toThrow(DeletionRightsError);
      await expect(refused).rejects.toThrow(
        /may not change public.sensor_data_hourly, .* hold figures of these rows; nothing was deleted/,
      );
      expect(await countRows()).toBe(before);
    } finally {
      await execute(database.url, `DROP OWNED BY ${role}`, `DROP ROLE ${role}`);
    }
  });

  if (engine === 'timescaledb') {
    it('works in the columnstore of the table and of its aggregates, and in aggregates that nobody declares', async () => {
      await execute(
        database.url,
        `CREATE MATERIALIZED VIEW public.mine WITH (timescaledb.continuous) AS SELECT public.time_bucket('2 hours', time) AS bucket, count(*) AS n FROM public.sensor_data GROUP BY 1 WITH NO DATA`,
        `CALL public.refresh_continuous_aggregate('public.mine', NULL, now())`,
        `ALTER MATERIALIZED VIEW public.sensor_data_hourly SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'sensor_id')`,
      );
      for (const name of ['sensor_data', 'sensor_data_hourly'])
        for (const { chunk } of await select<{ chunk: string }>(
          database.url,
          `SELECT c::text AS chunk FROM public.show_chunks('public.${name}', older_than => interval '2 days') c`,
        ))
          await execute(database.url, `CALL public.convert_to_columnstore('${chunk}')`);
      await run(deletion(at(2, 3), at(30), `sensor_id = 's1'`));
      await run(deletion(at(20), at(21)));
      expect(await wrong()).toEqual([]);
      const differs = await select(
        database.url,
        `SELECT * FROM public.mine m FULL JOIN (SELECT public.time_bucket('2 hours', time) AS bucket, count(*) AS rows FROM public.sensor_data GROUP BY 1) r USING (bucket) WHERE bucket < now() - interval '4 hours' AND n IS DISTINCT FROM rows`,
      );
      expect(differs).toEqual([]);
    });
  }
});

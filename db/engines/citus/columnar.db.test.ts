// Columnar storage of old chunks on Citus: what it keeps, what it saves, what it refuses, and that no row is lost on the way.
import { RefusedError } from '../../core/errors';
import { float8, numeric, text, timestamptz } from '../../language/columns';
import { hypertable } from '../../language/hypertable';
import { desc, gin, index } from '../../language/indexes';
import { schemaSet } from '../../language/schema-set';
import { createTestDatabase, describeOn, type TestDatabase } from '../../local/test-servers';
import type { Db } from '../../model';
import { access } from '../../schema/access';
import { asking } from '../../server/ask';
import { withConnection, withTransaction } from '../../server/connection';
import { applied, applySets, execute, planSets, select } from '../../testing/apply';
import { endSession, untilBlocked } from '../../testing/sessions';
import { metricTable, plant } from '../../testing/sets';
import { chunksToCompress, chunksToDecompress, convertChunks } from '../../upkeep/compress';
import { type Deletion, deleteRows } from '../../upkeep/delete-rows';
import { runDueJobs } from '../../upkeep/jobs';
import { readChunks, readCompression } from '../chunks';

const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY) * DAY;
const ago = (days: number): string => new Date(today - days * DAY).toISOString().replace('.000', '');
const CHUNKS = 12;
const ROWS_OF_DAY = 720;
const ROWS = CHUNKS * ROWS_OF_DAY;
const sets = [plant({ withoutRetention: true }), access];

describeOn('citus', 'columnar chunks', (server) => {
  let database: TestDatabase;
  let url: string;

  // Twelve whole days of rows; the chunks that end more than seven days ago are due.
  beforeEach(async () => {
    database = await createTestDatabase(server, applied(sets));
    url = database.url;
    await execute(
      url,
      `SELECT tsdb.ensure_chunks('plant', 'metric', '${ago(12)}', '${ago(1)}')`,
      `INSERT INTO plant.metric SELECT '${ago(12)}'::timestamptz + n * interval '2 minutes', 'device ' || n % 3, n FROM generate_series(0, ${ROWS - 1}) n`,
      `UPDATE tsdb.job SET next_start = 'infinity' WHERE kind <> 'columnstore'`,
    );
  });
  afterEach(() => database.drop());

  const on = <T>(work: (db: Db) => Promise<T>): Promise<T> => withConnection(url, work);
  const runJobs = async (): Promise<readonly (string | undefined)[]> => {
    await execute(url, `UPDATE tsdb.job SET next_start = now() WHERE kind = 'columnstore'`);
    return (await on(runDueJobs)).map(({ error }) => error);
  };
  const columnar = async (): Promise<number> =>
    (await on((db) => readCompression(asking(db), 'citus', ['plant.metric'])))[0]?.compressedChunks ?? -1;
  const figures = (): Promise<object[]> =>
    select(
      url,
      'SELECT count(*)::int AS rows, sum(value)::float8 AS total, count(DISTINCT (at, device))::int AS keys FROM plant.metric',
    );
  const SUM = (ROWS * (ROWS - 1)) / 2;
  const ALL = [{ rows: ROWS, total: SUM, keys: ROWS }];
  const due = 5;

  it('takes over from the columnstore: the job converts what is due, chunk by chunk, and nothing else changes', async () => {
    const before = await on((db) => readChunks(asking(db), 'citus', ['plant.metric'], 100));
    const rights = `SELECT k.range_start, c.relacl::text, pg_get_userbyid(c.relowner) AS owner FROM tsdb.chunk k JOIN pg_class c ON c.oid = k.chunk ORDER BY 1`;
    const granted = await select(url, rights);

    expect(await runJobs()).toEqual(Array(due).fill(undefined));
    expect(await columnar()).toBe(due);
    expect(await figures()).toEqual(ALL);
    expect(await select(url, rights)).toEqual(granted);
    const [chunks] = await on((db) => readChunks(asking(db), 'citus', ['plant.metric'], 100));
    expect(chunks?.chunks.map(({ name, from, to }) => [name, from, to])).toEqual(
      before[0]?.chunks.map(({ name, from, to }) => [name, from, to]),
    );
    expect(chunks?.chunks.filter(({ compressed }) => compressed).map(({ to }) => to)).toEqual(
      [7, 8, 9, 10, 11].map((days) => ago(days)),
    );
    const [{ beforeBytes, afterBytes } = { beforeBytes: null, afterBytes: null }] = await on((db) =>
      readCompression(asking(db), 'citus', ['plant.metric']),
    );
    const sizes = (of: typeof chunks): number =>
      (of?.chunks ?? []).slice(-due).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
    expect([beforeBytes, afterBytes]).toEqual([sizes(before[0]), sizes(chunks)]);
    // Each kind of index is there again.
    expect(
      await select(
        url,
        `SELECT count(*)::int AS indexes FROM pg_index x JOIN tsdb.chunk k ON k.chunk = x.indrelid WHERE x.indisvalid`,
      ),
    ).toEqual([{ indexes: chunks?.total }]);

    const plan = await on(() => planSets(url, sets));
    expect(plan).toMatchObject({ steps: [], refusals: [], undeclared: [] });
    expect(plan.emulated.join()).toContain('old chunks become columnar');
    expect(plan.unavailable.join()).not.toContain('columnstore of plant.metric');
    expect(await runJobs()).toEqual([undefined]);
  });

  it('takes late rows, refreshes and retention as before', async () => {
    await runJobs();
    await execute(
      url,
      `INSERT INTO plant.metric VALUES ('${ago(10)}', 'late', 5)`,
      `INSERT INTO plant.metric VALUES ('${ago(20)}', 'waits', 6)`,
      `SELECT tsdb.ensure_chunks('plant', 'metric', '${ago(20)}', '${ago(20)}')`,
      `CALL public.refresh_continuous_aggregate('plant.metric_hourly', NULL, now() - interval '1 hour')`,
    );
    expect(await figures()).toEqual([{ rows: ROWS + 2, total: SUM + 11, keys: ROWS + 2 }]);
    expect(
      await select(
        url,
        `SELECT sum(rows)::int AS rows, sum(sum_value)::float8 AS total FROM plant.metric_hourly`,
      ),
    ).toEqual([{ rows: ROWS + 2, total: SUM + 11 }]);
    expect(await runJobs()).toEqual([undefined]);
    expect(await columnar()).toBe(due + 1);
    expect(await select(url, `SELECT tsdb.drop_expired('plant', 'metric', '${ago(9)}') AS dropped`)).toEqual([
      { dropped: 4 },
    ]);
    expect(await figures()).toMatchObject([{ rows: 9 * ROWS_OF_DAY }]);
    expect(await planSets(url, sets)).toMatchObject({ steps: [], refusals: [] });
  });

  it('loses no row of writers who write to the chunks meanwhile', async () => {
    const converting = { on: true };
    const writer = (name: string): Promise<number> =>
      on(async (db) => {
        let written = 0;
        for (; converting.on || written === 0; written++)
          await db.query(`INSERT INTO plant.metric VALUES ('${ago(8 + (written % 4))}', '${name}', 0)`);
        return written;
      });
    const writers = Promise.all(['a', 'b', 'c'].map(writer));
    const runs = await runJobs();
    converting.on = false;
    const written = (await writers).reduce((sum, rows) => sum + rows, 0);
    expect(runs.filter((error) => error === undefined).length).toBeGreaterThanOrEqual(due);
    expect(await columnar()).toBe(due);
    expect(await figures()).toMatchObject([{ rows: ROWS + written, total: SUM }]);
  });

  it('gives up on a table in use after a while, and an interrupted conversion changes nothing', async () => {
    await withTransactionOf(url, async (holder) => {
      await holder.query(`INSERT INTO plant.metric VALUES ('${ago(10)}', 'open', 0)`);
      expect(await runJobs()).toEqual([expect.stringContaining('lock timeout')]);
      const cut = on((db) => db.query(`SELECT tsdb.set_chunk_storage($1, 'columnar')`, [oldest()]));
      const failed = expect(cut).rejects.toThrow();
      await endSession(url, (await untilBlocked(url, { on: 'relation' })).pid);
      await failed;
    });
    expect(await columnar()).toBe(0);
    expect(await runJobs()).toEqual(Array(due).fill(undefined));
    expect(await figures()).toMatchObject([{ rows: ROWS + 1, total: SUM }]);
  });

  const oldest = (): string => `tsdb.plant_metric_${ago(12).slice(0, 10).replaceAll('-', '')}000000`;

  it('says which chunk stays rows because of an index that somebody made, and converts the others', async () => {
    await execute(url, `CREATE INDEX odd ON ${oldest()} USING brin (at)`);
    expect(await runJobs()).toEqual([
      ...Array(due - 2).fill(undefined),
      `chunk ${oldest()} stays rows: columnar chunks cannot have the index tsdb.odd`,
    ]);
    expect(await columnar()).toBe(due - 1);
    await execute(url, 'DROP INDEX tsdb.odd');
    expect(await runJobs()).toEqual([undefined]);
    expect(await columnar()).toBe(due);
    expect(await figures()).toEqual(ALL);
  });

  it('refuses deletions over columnar chunks, and takes them once they are rows again', async () => {
    await runJobs();
    const table = metricTable();
    const deletion = (from: string, to: string): Deletion => ({
      table: { schema: 'plant', name: 'metric', time: 'at' },
      from,
      to,
      condition: '"at" >= $1 AND "at" < $2',
      values: [from, to],
      dryRun: false,
    });
    const remove = (from: string, to: string): Promise<{ rows: number }> =>
      on((db) => deleteRows(db, 'citus', deletion(from, to)));
    const refused = remove(ago(9), ago(5));
    await expect(refused).rejects.toThrow(RefusedError);
    await expect(refused).rejects.toThrow(
      `2 chunks of plant.metric in this range (${ago(9)} to ${ago(7)}) are columnar`,
    );
    // The server refuses it, too, and undoes what the statement has done in other chunks.
    for (const statement of [
      'UPDATE plant.metric SET value = 0',
      `DELETE FROM plant.metric WHERE at >= '${ago(9)}'`,
    ])
      await expect(execute(url, statement)).rejects.toThrow('not supported for ColumnarScan');
    expect(await figures()).toEqual(ALL);

    expect((await remove(ago(2), ago(1))).rows).toBe(ROWS_OF_DAY);
    const back = await on(async (db) =>
      convertChunks(db, 'rows', await chunksToDecompress(db, table, new Date(ago(9)), new Date(ago(7)))),
    );
    expect(back.map(({ state, error }) => [state, error])).toEqual([
      ['columns', undefined],
      ['columns', undefined],
    ]);
    expect((await remove(ago(9), ago(5))).rows).toBe(4 * ROWS_OF_DAY);
    expect(await columnar()).toBe(due - 2);
    expect(await figures()).toMatchObject([{ rows: ROWS - 5 * ROWS_OF_DAY }]);
  });

  it('are made by hand, too', async () => {
    const convert = (): Promise<readonly { error?: string; afterBytes: number | null }[]> =>
      on(async (db) => convertChunks(db, 'columns', await chunksToCompress(db, metricTable(), '9 days')));
    const done = await convert();
    expect(done.map(({ error, afterBytes }) => [error, (afterBytes ?? 0) > 0])).toEqual(
      Array(3).fill([undefined, true]),
    );
    expect(await convert()).toEqual([]);
    expect(await columnar()).toBe(3);
    expect(await figures()).toEqual(ALL);
  });

  it('follow changes of columns', async () => {
    await runJobs();
    const changed = hypertable('plant.metric', {
      columns: {
        at: timestamptz().notNull(),
        device: text().notNull(),
        value: numeric(),
        unit: text().notNull().default("'m'"),
      },
      time: 'at',
      chunkInterval: '1 day',
      indexes: [index('device', desc('at')), index('value')],
      columnstore: { segmentBy: ['device'], orderBy: [desc('at')], after: '7 days' },
    });
    const bare = [schemaSet('plant', [changed]), access];
    await execute(
      url,
      'DROP VIEW plant.metric_daily, plant.metric_hourly',
      `DELETE FROM tsdb.continuous_aggregate`,
    );
    await applySets(url, bare, ['rewrites-data', 'blocks-reads', 'blocks-writes', 'long-running']);
    expect(await columnar()).toBe(due);
    expect(
      await select(
        url,
        `SELECT count(*)::int AS rows, sum(value)::float8 AS total, min(unit) AS unit FROM plant.metric`,
      ),
    ).toEqual([{ rows: ROWS, total: SUM, unit: 'm' }]);
    expect(
      await select(url, `SELECT value::int FROM plant.metric WHERE value = 100 AND at < '${ago(11)}'`),
    ).toEqual([{ value: 100 }]);
    expect(await planSets(url, bare)).toMatchObject({ steps: [], refusals: [] });
  });

  it('stay rows where they would break writers or indexes, and the plan says why', async () => {
    await runJobs();
    const vary = (more: object): Parameters<typeof planSets>[1] => [
      schemaSet('plant', [
        hypertable('plant.metric', {
          columns: { at: timestamptz().notNull(), device: text().notNull(), value: float8() },
          time: 'at',
          chunkInterval: '1 day',
          indexes: [index('device', desc('at'))],
          columnstore: { segmentBy: ['device'], orderBy: [desc('at')], after: '7 days' },
          ...more,
        }),
      ]),
    ];
    const keyed = { unique: { columns: ['device', 'at'], onConflict: 'skip' } };
    const searched = { indexes: [index('device', desc('at')), gin('device')] };
    for (const [more, why] of [
      [keyed, 'ON CONFLICT'],
      [searched, 'GIN index'],
    ] as const) {
      const plan = await planSets(url, vary(more));
      expect(plan.unavailable.join()).toContain(why);
      expect(plan.refusals.map(({ object, what }) => [object, what])).toContainEqual([
        'plant.metric',
        'has 5 columnar chunks, declared with a key or an index that needs rows',
      ]);
      expect(plan.steps.map(({ id }) => id).join()).toContain('remove-policy:plant.metric:columnstore');
    }
  });

  it('are not made without the extension', async () => {
    await execute(url, 'DROP EXTENSION citus_columnar');
    expect(await runJobs()).toEqual([undefined]);
    expect((await planSets(url, sets)).steps.map(({ id }) => id)).toEqual([
      'create-extension:citus_columnar',
    ]);
    await applySets(url, sets);
    expect(await runJobs()).toEqual(Array(due).fill(undefined));
    expect(await figures()).toEqual(ALL);
  });
});

/** A transaction of another session, which ends with the work. */
const withTransactionOf = (url: string, work: (db: Db) => Promise<void>): Promise<void> =>
  withConnection(url, (db) => withTransaction(db, () => work(db)));

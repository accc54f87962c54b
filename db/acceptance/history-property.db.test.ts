// The history guard against a model: rows, dropped chunks, deletions and late rows in any mixture.
import fc from 'fast-check';
import { readStored } from '../engines/stored-aggregates';
import { goneBuckets } from '../kinds/aggregates/history';
import { continuousAggregate } from '../language/aggregate';
import { float8, text, timestamptz } from '../language/columns';
import { desiredFrom } from '../language/desired';
import { avg, count, sum } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { schemaSet } from '../language/schema-set';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import type { Db } from '../model';
import { withConnection } from '../server/connection';
import { applied } from '../testing/apply';
import { type RefreshOptions, refreshAggregates } from '../upkeep/refresh';

// Each scenario has two days of its own, so that many of them share one refresh. More scenarios by TSDB_TEST_HISTORY_RUNS.
const SCENARIOS = Number(process.env.TSDB_TEST_HISTORY_RUNS ?? 120);
const TOGETHER = 40;
const SEED = Number(process.env.TSDB_TEST_HISTORY_SEED ?? 20_261_130);

const m = hypertable('history.m', {
  columns: { at: timestamptz().notNull(), dev: text().notNull(), v: float8().notNull() },
  time: 'at',
  chunkInterval: '1 day',
});
const refresh = { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' } as const;
const shape = { from: m, bucket: '1 hour', groupBy: ['dev'], realTime: false, refresh } as const;
const counted = continuousAggregate('history.counted', { ...shape, select: { n: count(), s: sum('v') } });
const plain = continuousAggregate('history.plain', { ...shape, select: { s: avg('v') } });
const set = schemaSet('history', [m, counted, plain]);

const DEVICES = ['a', 'b'] as const;
const HOURS = [3, 4, 20] as const;
const DAYS = [0, 1] as const;

/** A group of rows of one device in one hour of one of the two days. */
interface Place {
  readonly day: (typeof DAYS)[number];
  readonly hour: (typeof HOURS)[number];
  readonly dev: (typeof DEVICES)[number];
}
type Change =
  | { readonly kind: 'drop chunk'; readonly day: Place['day'] }
  | { readonly kind: 'delete'; readonly place: Place; readonly rows: number }
  | { readonly kind: 'late rows'; readonly place: Place; readonly rows: number };
interface Scenario {
  readonly rows: readonly (Place & { readonly rows: number })[];
  readonly changes: readonly Change[];
}

const day = fc.constantFrom(...DAYS);
const place = fc.record({ day, hour: fc.constantFrom(...HOURS), dev: fc.constantFrom(...DEVICES) });
const few = fc.integer({ min: 1, max: 3 });
const change = fc.oneof(
  fc.record({ kind: fc.constant('drop chunk' as const), day }),
  fc.record({ kind: fc.constant('delete' as const), place, rows: few }),
  fc.record({ kind: fc.constant('late rows' as const), place, rows: few }),
);
const scenario: fc.Arbitrary<Scenario> = fc.record({
  rows: fc.array(
    fc.record({ day, hour: fc.constantFrom(...HOURS), dev: fc.constantFrom(...DEVICES), rows: few }),
    { maxLength: 8 },
  ),
  changes: fc.array(change, { maxLength: 4 }),
});
const options: fc.Arbitrary<RefreshOptions> = fc.record({
  force: fc.boolean(),
  newestFirst: fc.boolean(),
  batch: fc.constantFrom(undefined, 5, 100) as fc.Arbitrary<number>,
});

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const start = Date.UTC(2020, 0, 6);
const keyOf = (slot: number, { day: d, hour, dev }: Place): string =>
  `${new Date(start + (3 * slot + d) * DAY + hour * HOUR).toISOString()} ${dev}`;
const dayOf = (key: string): string => key.slice(0, 10);
const timeOf = (key: string): string => key.slice(0, 24);

/** The values of the raw rows by hour and device. */
type Rows = Map<string, number[]>;

/** What the stored row of a group must be after a refresh: `old` when its hour is left out, else as computed from the rows now. */
interface Expected {
  readonly kept: ReadonlySet<string>;
  /** Groups whose rows are gone, for the figures of a plan. */
  readonly gone: ReadonlySet<string>;
}

// The table in the docstring of `goneBuckets`, once more and apart from SQL.
function expectedOf(
  old: Rows,
  now: Rows,
  kind: 'counted' | 'plain',
  unknown: 'strict' | 'lenient',
): Expected {
  const values = (rows: Rows, key: string): number[] => rows.get(key) ?? [];
  const mean = (key: string, rows: Rows): number =>
    values(rows, key).reduce((a, b) => a + b, 0) / values(rows, key).length;
  const keys = [...old.keys()];
  const isFewer = (key: string): boolean =>
    values(now, key).length === 0 ||
    (kind === 'counted' && values(now, key).length < values(old, key).length);
  const isSame = (key: string): boolean =>
    kind === 'counted'
      ? values(now, key).length === values(old, key).length
      : Math.abs(mean(key, now) - mean(key, old)) < 1e-9 * Math.abs(mean(key, old));
  const tainted = new Set(keys.filter(isFewer).map(dayOf));
  const gone = new Set(
    keys.filter(
      (key) =>
        isFewer(key) ||
        (!isSame(key) && (tainted.has(dayOf(key)) || (kind === 'plain' && unknown === 'strict'))),
    ),
  );
  return { gone, kept: new Set([...gone].map(timeOf)) };
}

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(server, applied([set], 'all jobs'));
  });
  afterAll(() => database.drop());

  it(`keeps what it must and follows what it may in ${SCENARIOS} scenarios`, async () => {
    await withConnection(database.url, (db) =>
      fc.assert(
        fc.asyncProperty(
          fc.array(scenario, { minLength: TOGETHER, maxLength: TOGETHER }),
          options,
          (scenarios, how) => check(db, scenarios, how),
        ),
        { numRuns: Math.ceil(SCENARIOS / TOGETHER), seed: SEED, endOnFailure: true },
      ),
    );
  });

  async function check(db: Db, scenarios: readonly Scenario[], how: RefreshOptions): Promise<void> {
    const rows: Rows = new Map();
    let value = 0;
    const add = (slot: number, at: Place, number: number): void => {
      const key = keyOf(slot, at);
      // Values that no sum or average of others equals.
      const values = Array.from({ length: number }, () => {
        value += 1;
        return Math.sqrt(value);
      });
      rows.set(key, [...(rows.get(key) ?? []), ...values]);
    };
    await clean(db);
    for (const [slot, { rows: groups }] of scenarios.entries())
      for (const group of groups) add(slot, group, group.rows);
    await insert(
      db,
      [...rows].flatMap(([key, values]) => values.map((v) => [key, v] as const)),
    );
    await refreshAll(db, {});
    const old: Rows = new Map(rows);
    const stored = await readBoth(db);
    for (const [slot, { changes }] of scenarios.entries())
      for (const one of changes) {
        if (one.kind === 'late rows') {
          const key = keyOf(slot, one.place);
          const before = rows.get(key)?.length ?? 0;
          add(slot, one.place, one.rows);
          await insert(
            db,
            (rows.get(key) ?? []).slice(before).map((v) => [key, v] as const),
          );
        } else if (one.kind === 'delete') {
          const key = keyOf(slot, one.place);
          const [gone, left] = [
            rows.get(key)?.slice(0, one.rows) ?? [],
            rows.get(key)?.slice(one.rows) ?? [],
          ];
          if (gone.length > 0)
            await db.query(
              "DELETE FROM history.m WHERE dev = $1 AND at >= $2 AND at < $2::timestamptz + interval '1 hour' AND v = ANY ($3)",
              [key.slice(25), timeOf(key), gone],
            );
          if (left.length > 0) rows.set(key, left);
          else rows.delete(key);
        } else {
          const from = start + (3 * slot + one.day) * DAY;
          await dropChunk(db, new Date(from), new Date(from + DAY));
          for (const key of [...rows.keys()])
            if (dayOf(key) === new Date(from).toISOString().slice(0, 10)) rows.delete(key);
        }
      }
    for (const [kind, aggregate] of [
      ['counted', counted],
      ['plain', plain],
    ] as const) {
      // The figures of a plan.
      const strict = expectedOf(old, rows, kind, 'strict');
      const { aggregate: state, states } = await readStored(db, engine, `history.${aggregate.name}`);
      const { rows: figures } = await db.query(
        `SELECT rows, buckets, kept FROM (${goneBuckets(state, { states, lower: `'-infinity'`, upper: `'infinity'`, unknown: 'strict' })}) g`,
      );
      expect(figures).toEqual([
        {
          rows: strict.gone.size,
          buckets: strict.kept.size,
          kept: [...old.keys()].filter((key) => strict.kept.has(timeOf(key))).length,
        },
      ]);
    }
    await refreshAll(db, how);
    const after = await readBoth(db);
    for (const kind of ['counted', 'plain'] as const) {
      const { kept } = expectedOf(old, rows, kind, 'lenient');
      const computed = [...rows].map(
        ([key, values]) =>
          [key, kind === 'counted' ? values.length : null, rounded(figure(kind, values))] as const,
      );
      const expected = [
        ...stored[kind].filter(([key]) => kept.has(timeOf(key))),
        ...computed.filter(([key]) => !kept.has(timeOf(key))),
      ];
      expect([...after[kind]].sort()).toEqual([...expected].sort());
    }
  }

  const figure = (kind: 'counted' | 'plain', values: readonly number[]): number => {
    const total = values.reduce((a, b) => a + b, 0);
    return kind === 'counted' ? total : total / values.length;
  };
  const rounded = (number: number): string => number.toFixed(6);

  const insert = (db: Db, rows: readonly (readonly [string, number])[]): Promise<unknown> =>
    db.query(
      `INSERT INTO history.m SELECT left(key, 24)::timestamptz + interval '1 minute', substr(key, 26), v FROM unnest($1::text[], $2::float8[]) r (key, v)`,
      [rows.map(([key]) => key), rows.map(([, v]) => v)],
    );
  const refreshAll = (db: Db, how: RefreshOptions): Promise<unknown> =>
    refreshAggregates(db, engine, desiredFrom([set]).aggregates, {}, undefined, how);

  async function clean(db: Db): Promise<void> {
    const tables = ['history.m', 'history.counted', 'history.plain'];
    if (engine === 'timescaledb') {
      for (const table of tables)
        await db.query(`SELECT public.drop_chunks($1, older_than => now())`, [table]);
      return;
    }
    await db.query(`SELECT tsdb.drop_expired('history', 'm', now())`);
    await db.query('TRUNCATE tsdb.history_counted, tsdb.history_plain');
    await db.query(`UPDATE tsdb.continuous_aggregate SET watermark = '-infinity'`);
    await db.query(`SELECT tsdb.ensure_chunks('history', 'm', $1, $2)`, [
      new Date(start),
      new Date(start + (3 * TOGETHER - 1) * DAY),
    ]);
  }

  async function dropChunk(db: Db, from: Date, to: Date): Promise<void> {
    if (engine === 'timescaledb') {
      await db.query(
        `SELECT public.drop_chunks('history.m', older_than => $1::timestamptz, newer_than => $2::timestamptz)`,
        [to, from],
      );
      return;
    }
    const { rows } = await db.query<{ chunk: string }>(
      `SELECT chunk::text FROM tsdb.chunk WHERE table_name = 'm' AND range_start = $1`,
      [from],
    );
    for (const { chunk } of rows) await db.query(`DROP TABLE ${chunk}`);
    await db.query('DELETE FROM tsdb.history_m_default WHERE at >= $1 AND at < $2', [from, to]);
    // As late rows find it: sometimes there is a chunk again, sometimes the rows wait in the default partition.
    if (from.getTime() % (2 * DAY) === 0)
      await db.query(`SELECT tsdb.ensure_chunks('history', 'm', $1, $1)`, [from]);
  }

  /** Hour and device, count, and sum or average of every stored row. */
  async function readBoth(db: Db): Promise<Record<'counted' | 'plain', [string, number | null, string][]>> {
    const of = async (name: string, n: string): Promise<[string, number | null, string][]> => {
      const { rows } = await db.query<{ bucket: Date; dev: string; n: number | null; s: number }>(
        `SELECT bucket, dev, ${n} AS n, s FROM history.${name}`,
      );
      return rows.map(({ bucket, dev, n: number, s }) => [
        `${bucket.toISOString()} ${dev}`,
        number,
        rounded(s),
      ]);
    };
    return { counted: await of('counted', 'n::int'), plain: await of('plain', 'NULL::int') };
  }
});

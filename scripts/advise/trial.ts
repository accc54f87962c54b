// Stores the sample under one layout, measures it, and rolls everything back.
import { randomUUID } from 'node:crypto';
import { ident, literal } from '../../db/core/sql';
import { columnstoreSettings } from '../../db/engines/timescaledb/columnstore';
import type { Db } from '../../db/model';
import { withRollback } from '../../db/server/connection';
import type { Stored } from '../../db/upkeep/compress';
import { keyOf, type Layout } from './layout';
import { SAMPLE, type Sample, SHAPE } from './sample';
import { seriesOf } from './series';

/** A layout with what it costs. Bytes include indexes. */
export interface Trial {
  readonly layout: Layout;
  /** Complete chunks that were measured; when the sample is shorter than a chunk, those that there are. */
  readonly chunks: number;
  readonly complete: boolean;
  readonly rows: number;
  /** Bytes per row, as rows and in the columnstore. */
  readonly rowBytes: number;
  readonly columnBytes: number;
  /** Bytes that reading one series over a tenth of the sample touches. */
  readonly readBytes: number;
}

/** Tries layouts, each of them once. */
export type Try = (layout: Layout) => Promise<Trial>;

/**
 * Tries layouts on a sample. Each trial is one transaction that is always rolled back, by the server too when this process is
 * killed. So nobody ever sees the table, and nothing of it stays.
 */
export function trials(db: Db, table: Stored, sample: Sample): Try {
  const done = new Map<string, Promise<Trial>>();
  const series = seriesOf(table, sample);
  return (layout) => {
    const key = keyOf(layout);
    const trial = done.get(key) ?? withRollback(db, () => measure(db, table, sample, layout, series));
    done.set(key, trial);
    return trial;
  };
}

// Two commands at the same time do not wait for each other. In containers they may have the same process number.
const SCHEMA = `tsdb_advise_${randomUUID().replaceAll('-', '')}`;
const TARGET = `${SCHEMA}.trial`;

async function measure(
  db: Db,
  table: Stored,
  sample: Sample,
  layout: Layout,
  series: readonly string[],
): Promise<Trial> {
  const { segmentBy, orderBy, chunkInterval } = layout;
  // With one node per chunk, compiling takes longer than all the rest.
  await db.query('SET LOCAL jit = off');
  await db.query(`CREATE SCHEMA ${SCHEMA}`);
  await db.query(
    `CREATE TABLE ${TARGET} (LIKE ${SHAPE} INCLUDING INDEXES INCLUDING STORAGE INCLUDING COMPRESSION)`,
  );
  await db.query(
    `SELECT public.create_hypertable(${literal(TARGET)}::regclass, public.by_range($1, $2::interval), create_default_indexes => false)`,
    [table.time, chunkInterval],
  );
  if (table.kind === 'hypertable' && table.hash !== undefined)
    await db.query(`SELECT public.add_dimension(${literal(TARGET)}::regclass, public.by_hash($1, $2::int))`, [
      table.hash.by,
      table.hash.count,
    ]);
  await db.query(`INSERT INTO ${TARGET} SELECT * FROM ${SAMPLE}`);
  await db.query(`ALTER TABLE ${TARGET} SET (${columnstoreSettings({ segmentBy, orderBy })})`);
  await db.query(`SELECT public.compress_chunk(c) FROM public.show_chunks(${literal(TARGET)}::regclass) c`);
  const chunks = await sizes(db, ident(table.time), sample);
  const readBytes = await readOneSeries(db, table, sample, series);
  return { layout, ...chunks, readBytes };
}

/** Sizes as TimescaleDB notes them when it converts. Chunks at the ends of the sample hold few rows and would look bad. */
async function sizes(
  db: Db,
  time: string,
  { from, to }: Sample,
): Promise<Omit<Trial, 'layout' | 'readBytes'>> {
  const { rows } = await db.query<{
    complete: boolean;
    chunks: number;
    rows: number;
    before: number;
    after: number;
  }>(
    `SELECT k.range_start >= $1::timestamptz AND k.range_end <= $2::timestamptz AS complete, count(*)::int AS chunks,
            -- Chunks follow each other, so their rows are those of one range.
            (SELECT count(*) FROM ${SAMPLE} r WHERE r.${time} >= min(k.range_start) AND r.${time} < max(k.range_end))::float8 AS rows,
            sum(s.before_compression_total_bytes)::float8 AS before, sum(s.after_compression_total_bytes)::float8 AS after
       FROM public.chunk_columnstore_stats(${literal(TARGET)}::regclass) s
       JOIN timescaledb_information.chunks k ON (k.chunk_schema, k.chunk_name) = (s.chunk_schema, s.chunk_name)
      GROUP BY 1 ORDER BY 1 DESC`,
    [from, to],
  );
  const [found = { complete: false, chunks: 0, rows: 1, before: 0, after: 0 }] = rows;
  return {
    complete: found.complete,
    chunks: found.chunks,
    rows: found.rows,
    rowBytes: found.before / found.rows,
    columnBytes: found.after / found.rows,
  };
}

// The blocks that a query touches do not depend on what else the machine does, unlike its time.
async function readOneSeries(
  db: Db,
  { time }: Stored,
  { from, to }: Sample,
  series: readonly string[],
): Promise<number> {
  await db.query(`ANALYZE ${TARGET}`);
  const start = `(${literal(from)}::timestamptz + (${literal(to)}::timestamptz - ${literal(from)}::timestamptz) * 0.45)`;
  const length = `(${literal(to)}::timestamptz - ${literal(from)}::timestamptz) * 0.1`;
  const { rows: bounds } = await db.query<{ start: string; end: string }>(
    `SELECT ${start}::text AS start, (${start} + ${length})::text AS "end"`,
  );
  const { start: first = from, end = to } = bounds[0] ?? {};
  const conditions = [
    `${ident(time)} >= ${literal(first)}::timestamptz AND ${ident(time)} < ${literal(end)}::timestamptz`,
    ...(await frequentValues(db, series)),
  ];
  const { rows } = await db.query<{ 'QUERY PLAN': readonly [{ readonly Plan: Blocks }] }>(
    `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT * FROM ${TARGET} WHERE ${conditions.join(' AND ')} ORDER BY ${ident(time)} DESC`,
  );
  const plan = rows[0]?.['QUERY PLAN'][0].Plan;
  return 8_192 * ((plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0));
}

interface Blocks {
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
}

async function frequentValues(db: Db, series: readonly string[]): Promise<readonly string[]> {
  if (series.length === 0) return [];
  const names = series.map((name) => ident(name)).join(', ');
  const { rows } = await db.query<{ values: (string | null)[] }>(
    `SELECT ARRAY[${series.map((name) => `${ident(name)}::text`).join(', ')}] AS values FROM ${SAMPLE} GROUP BY ${names} ORDER BY count(*) DESC, ${names} LIMIT 1`,
  );
  return series.map((name, at) => {
    const value = rows[0]?.values[at] ?? null;
    return value === null ? `${ident(name)} IS NULL` : `${ident(name)} = ${literal(value)}`;
  });
}

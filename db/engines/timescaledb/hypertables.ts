// Hypertables on TimescaleDB.
import { interval, literal, relation } from '../../core/sql';
import type { HypertableDialect, HypertableState } from '../../kinds/hypertables';
import { columnDefinitions } from '../../language/column-definitions';
import type { HashPartitions, Hypertable } from '../../language/hypertable';
import { nameOf } from '../../language/names';
import { hasTimescaledb } from '../../server/server-info';

export const timescaleHypertables: HypertableDialect = {
  async read(db, desired) {
    const names = desired.hypertables.map(nameOf);
    const { rows: relations } = await db.query<{ name: string; kind: string }>(
      `SELECT format('%s.%s', n.nspname, c.relname) AS name,
              CASE c.relkind WHEN 'r' THEN 'a plain table' WHEN 'p' THEN 'a partitioned table' ELSE 'not a table' END AS kind
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1`,
      [names],
    );
    const dimensions = (await hasTimescaledb(db)) ? await readDimensions(db, names) : [];
    return relations.map(({ name, kind }): HypertableState => {
      const dimension = dimensions.find((candidate) => candidate.name === name);
      if (!dimension) return { name, kind: 'other', description: kind };
      const hash =
        dimension.hash_by === null ? {} : { hash: { by: dimension.hash_by, count: dimension.hash_count } };
      return {
        name,
        kind: 'hypertable',
        time: dimension.time,
        chunkMicroseconds: Number(dimension.microseconds),
        ...hash,
      };
    });
  },
  create: (table) => [
    `CREATE TABLE ${relation(table)} (${columnDefinitions(table)})`,
    // Indexes are declared, so the default one is not wanted; columnstore and its policy are steps of their own.
    `SELECT public.create_hypertable(${literal(relation(table))}::regclass, public.by_range(${literal(table.time)}, ${interval(table.chunkInterval)}), create_default_indexes => false)`,
    ...(table.hash === undefined ? [] : addHash(table, table.hash)),
  ],
  setHash: (table, hash, before) =>
    before === undefined
      ? addHash(table, hash)
      : [
          `SELECT public.set_number_partitions(${literal(relation(table))}::regclass, ${hash.count}, ${literal(hash.by)})`,
        ],
  setChunkInterval: (table) => [
    `SELECT public.set_chunk_time_interval(${literal(relation(table))}::regclass, ${interval(table.chunkInterval)}, dimension_name => ${literal(table.time)})`,
  ],
};

function addHash(table: Hypertable, { by, count }: HashPartitions): readonly string[] {
  return [
    `SELECT public.add_dimension(${literal(relation(table))}::regclass, public.by_hash(${literal(by)}, ${count}))`,
  ];
}

interface DimensionRow {
  readonly name: string;
  readonly time: string;
  readonly microseconds: string;
  readonly hash_by: string | null;
  readonly hash_count: number;
}

async function readDimensions(
  db: Parameters<HypertableDialect['read']>[0],
  names: readonly string[],
): Promise<DimensionRow[]> {
  // Months were turned into 30 days when the interval was set, so epoch is exact here.
  const { rows } = await db.query<DimensionRow>(
    `SELECT format('%s.%s', d.hypertable_schema, d.hypertable_name) AS name, d.column_name::text AS time,
            (extract(epoch FROM d.time_interval) * 1000000)::bigint AS microseconds, h.column_name::text AS hash_by, h.num_partitions AS hash_count
       FROM timescaledb_information.dimensions d
       LEFT JOIN timescaledb_information.dimensions h
              ON (h.hypertable_schema, h.hypertable_name) = (d.hypertable_schema, d.hypertable_name) AND h.dimension_type = 'Space'
      WHERE d.dimension_number = 1 AND format('%s.%s', d.hypertable_schema, d.hypertable_name) = ANY ($1)
      ORDER BY 1`,
    [names],
  );
  return rows;
}

// Hypertables on TimescaleDB.
import { interval, literal, relation } from '../../core/sql';
import type { HypertableDialect, HypertableState } from '../../kinds/hypertables';
import { columnDefinitions } from '../../language/column-definitions';
import type { HashPartitions, Hypertable } from '../../language/hypertable';
import { hasTimescaledb } from '../../server/server-info';

export const timescaleHypertables: HypertableDialect = {
  async read(db, names) {
    if (!(await hasTimescaledb(db))) return [];
    // The server stores a month as 30 days, so epoch is exact here.
    const { rows } = await db.query<HypertableState>(
      `SELECT format('%s.%s', d.hypertable_schema, d.hypertable_name) AS name, d.column_name::text AS time,
              (extract(epoch FROM d.time_interval) * 1000000)::float8 AS "chunkMicroseconds",
              CASE WHEN h.column_name IS NOT NULL THEN json_build_object('by', h.column_name, 'count', h.num_partitions) END AS hash
         FROM timescaledb_information.dimensions d
         LEFT JOIN timescaledb_information.dimensions h
                ON (h.hypertable_schema, h.hypertable_name) = (d.hypertable_schema, d.hypertable_name) AND h.dimension_type = 'Space'
        WHERE d.dimension_number = 1 AND format('%s.%s', d.hypertable_schema, d.hypertable_name) = ANY ($1)
        ORDER BY 1`,
      [names],
    );
    return rows;
  },
  create: (table) => [
    `CREATE TABLE ${relation(table)} (${columnDefinitions(table)})`,
    // All indexes are declared, so the default one is not created. Columnstore and its policy are separate steps.
    `SELECT public.create_hypertable(${literal(relation(table))}::regclass, public.by_range(${literal(table.time)}, ${interval(table.chunkInterval)}), create_default_indexes => false)`,
    ...(table.hash === undefined ? [] : addHash(table, table.hash)),
  ],
  setHash: (table, hash, before) =>
    before === null
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

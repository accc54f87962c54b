// Hypertables on plain PostgreSQL: range-partitioned tables whose chunks live in schema `tsdb`.
import { ident, interval, literal, relation } from '../../core/sql';
import type { HypertableDialect, HypertableState } from '../../kinds/hypertables';
import { columnDefinitions } from '../../language/column-definitions';
import type { Hypertable } from '../../language/hypertable';
import { formatInterval, lengthOf } from '../../language/interval';
import { hasRuntime } from './runtime';

export const postgresHypertables: HypertableDialect = {
  emulated: 'hypertables: range-partitioned tables, chunks made ahead of time by `tsdb jobs run`',
  async read(db, names) {
    if (!(await hasRuntime(db))) return [];
    const { rows } = await db.query<HypertableState>(
      `SELECT format('%s.%s', h.schema_name, h.table_name) AS name, h.time_column AS time,
              (extract(epoch FROM h.chunk_interval) * 1000000)::float8 AS "chunkMicroseconds",
              CASE WHEN h.hash_column IS NOT NULL THEN json_build_object('by', h.hash_column, 'count', h.hash_partitions) END AS hash
         FROM tsdb.hypertable h
         JOIN pg_namespace n ON n.nspname = h.schema_name
         JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = h.table_name AND c.relkind = 'p'
        WHERE format('%s.%s', h.schema_name, h.table_name) = ANY ($1) ORDER BY 1`,
      [names],
    );
    return rows;
  },
  create: (table) => [
    `CREATE TABLE ${relation(table)} (${columnDefinitions(table)}) PARTITION BY RANGE (${ident(table.time)})`,
    // Rows outside of the existing chunks wait here until their chunk is created, so an insert never fails for lack of a chunk.
    `CREATE TABLE ${ident('tsdb', defaultPartition(table))} PARTITION OF ${relation(table)} DEFAULT`,
    `INSERT INTO tsdb.hypertable (schema_name, table_name, time_column, chunk_interval, hash_column, hash_partitions) VALUES (${key(table)}, ${literal(table.time)}, ${chunkInterval(table)}, ${table.hash ? literal(table.hash.by) : 'NULL'}, ${table.hash?.count ?? 'NULL'})`,
    `SELECT tsdb.ensure_chunks(${key(table)}, now(), now() + ${chunkInterval(table)})`,
  ],
  setHash: (table, { by, count }) => [
    `UPDATE tsdb.hypertable SET hash_column = ${literal(by)}, hash_partitions = ${count} WHERE (schema_name, table_name) = (${key(table)})`,
  ],
  setChunkInterval: (table) => [
    `UPDATE tsdb.hypertable SET chunk_interval = ${chunkInterval(table)} WHERE (schema_name, table_name) = (${key(table)})`,
  ],
};

const key = (table: Hypertable): string => `${literal(table.schema)}, ${literal(table.name)}`;

const defaultPartition = (table: Hypertable): string => `${table.schema}_${table.name}_default`;

// A month is 30 days, as in TimescaleDB, so that chunks have the same length on both engines.
function chunkInterval(table: Hypertable): string {
  const microseconds = lengthOf(table.chunkInterval);
  const days = Math.floor(microseconds / 86_400_000_000);
  return interval(formatInterval({ months: 0, days, microseconds: microseconds - days * 86_400_000_000 }));
}

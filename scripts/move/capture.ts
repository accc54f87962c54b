// Notes every change of the source while it is copied, by triggers that write which slice of time, or which row, has changed.
import { ident, literal } from '../../db/core/sql';
import { type Db, dialectOf, type EngineName } from '../../db/model';
import { withTransaction } from '../../db/server/connection';
import { MOVED_CONSTRAINT } from '../../db/server/read-only';
import { withRetry } from '../../db/server/retry';
import { sliceWidth } from './digest';
import type { Moved } from './model';
import { ORIGIN } from './model';
import { SCHEMA } from './state';

/** Names of the triggers; `zz` because triggers run in the order of their names, and others may still change the row. */
const ROW_TRIGGER = 'zz_tsdb_move_row';
const TRUNCATE_TRIGGER = 'zz_tsdb_move_truncate';

// They write with the rights of their owner, because whoever writes rows may not write here. A call notes too much at worst.
const NOTES = [
  `CREATE OR REPLACE FUNCTION ${SCHEMA}.note_slice(relation int, from_time timestamptz, to_time timestamptz) RETURNS void
     LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
     AS $$ INSERT INTO ${SCHEMA}.change (relation, kind, from_time, to_time) VALUES ($1, 'row', $2, $3) $$`,
  `CREATE OR REPLACE FUNCTION ${SCHEMA}.note_key(relation int, row_key jsonb) RETURNS void
     LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
     AS $$ INSERT INTO ${SCHEMA}.change (relation, kind, row_key) VALUES ($1, 'row', $2) $$`,
  `CREATE OR REPLACE FUNCTION ${SCHEMA}.note_all(relation int) RETURNS void
     LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
     AS $$ INSERT INTO ${SCHEMA}.change (relation, kind, from_time, to_time) VALUES ($1, 'all', '-infinity', 'infinity') $$`,
  `GRANT USAGE ON SCHEMA ${SCHEMA} TO PUBLIC`,
];

/** Begins to note changes of the relations. A relation that notes them already is left alone. */
export async function beginCapture(source: Db, relations: readonly Moved[]): Promise<void> {
  await withTransaction(source, async () => {
    for (const statement of NOTES) await source.query(statement);
  });
  for (const moved of relations) {
    if (moved.kind === 'stored') continue;
    const { rows } = await source.query(
      `SELECT FROM pg_trigger WHERE tgrelid = $1::regclass AND tgname = '${TRUNCATE_TRIGGER}'`,
      [moved.source],
    );
    if (rows.length > 0) continue;
    // Writers wait while the triggers are made, so a lock that is not had at once is given up and tried again.
    await withRetry(() =>
      withTransaction(source, async () => {
        await source.query(`SET LOCAL lock_timeout = '2s'`);
        for (const statement of triggersOf(moved)) await source.query(statement);
      }),
    );
  }
}

/**
 * The triggers of a relation. They are triggers for each row, although triggers for each statement would cost less: TimescaleDB refuses
 * transition tables for DELETE, and only triggers for each row also see who writes to a chunk or a partition by its own name. They also
 * make TimescaleDB do without its shortcuts that write or delete whole compressed batches.
 */
export function triggersOf(moved: Moved): readonly string[] {
  const row = `${SCHEMA}.row_${moved.number}()`;
  const truncated = `${SCHEMA}.truncated_${moved.number}()`;
  return [
    `CREATE OR REPLACE FUNCTION ${row} RETURNS trigger LANGUAGE plpgsql AS ${literal(moved.kind === 'keys' ? keyBody(moved) : sliceBody(moved))}`,
    `CREATE OR REPLACE FUNCTION ${truncated} RETURNS trigger LANGUAGE plpgsql AS ${literal(`BEGIN PERFORM ${SCHEMA}.note_all(${moved.number}); RETURN NULL; END`)}`,
    `CREATE TRIGGER ${ROW_TRIGGER} AFTER INSERT OR UPDATE OR DELETE ON ${moved.source} FOR EACH ROW EXECUTE FUNCTION ${row}`,
    `CREATE TRIGGER ${TRUNCATE_TRIGGER} AFTER TRUNCATE ON ${moved.source} FOR EACH STATEMENT EXECUTE FUNCTION ${truncated}`,
  ];
}

// A slice is noted once in a transaction. What was noted is kept in a setting, which a rollback to a savepoint takes back together with
// the note. When there are too many to keep, the oldest are forgotten and noted again.
function sliceBody(moved: Moved): string {
  const setting = `${SCHEMA}.noted_${moved.number}`;
  const note = (row: 'OLD' | 'NEW'): string => `
    slice := date_bin(${sliceWidth(moved)}, ${row}.${ident(moved.time)}, ${ORIGIN});
    mark := ',' || extract(epoch FROM slice)::text || ',';
    IF position(mark IN noted) = 0 THEN
      PERFORM ${SCHEMA}.note_slice(${moved.number}, slice, slice + ${sliceWidth(moved)});
      noted := right(noted || mark, 4000);
      PERFORM set_config('${setting}', noted, true);
    END IF;`;
  return `
DECLARE
  slice timestamptz;
  mark text;
  noted text := coalesce(current_setting('${setting}', true), '');
BEGIN
  IF TG_OP <> 'INSERT' THEN${note('OLD')}
  END IF;
  IF TG_OP <> 'DELETE' THEN${note('NEW')}
  END IF;
  RETURN NULL;
END`;
}

function keyBody({ number, key }: Moved): string {
  const keyOf = (row: 'OLD' | 'NEW'): string =>
    `jsonb_build_object(${key.map((name) => `${literal(name)}, ${row}.${ident(name)}`).join(', ')})`;
  return `
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM ${SCHEMA}.note_key(${number}, ${keyOf('OLD')}); END IF;
  IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND ${keyOf('OLD')} <> ${keyOf('NEW')}) THEN
    PERFORM ${SCHEMA}.note_key(${number}, ${keyOf('NEW')});
  END IF;
  RETURN NULL;
END`;
}

/**
 * Statements after which every change of the relations fails with SQLSTATE 25006 and says where the data is. The triggers stay: only what
 * they do is replaced, which also reaches transactions that began before.
 */
export function refuseWrites(relations: readonly Moved[], target: string): readonly string[] {
  const body = `BEGIN RAISE EXCEPTION USING ERRCODE = '25006', CONSTRAINT = '${MOVED_CONSTRAINT}', MESSAGE = ${literal(`this database has moved to ${target}, and takes no writes: nothing was stored; use the new address`)}; END`;
  const refusals = relations
    .filter(({ kind }) => kind !== 'stored')
    .flatMap(({ number }) =>
      ['row', 'truncated'].map(
        (name) =>
          `CREATE OR REPLACE FUNCTION ${SCHEMA}.${name}_${number}() RETURNS trigger LANGUAGE plpgsql AS ${literal(body)}`,
      ),
    );
  // The API and the command line look for this view, and read from it where the data is.
  return [
    ...refusals,
    `CREATE OR REPLACE VIEW ${SCHEMA}.moved AS SELECT target, moved_at FROM ${SCHEMA}.run`,
    `GRANT SELECT ON ${SCHEMA}.moved TO PUBLIC`,
  ];
}

/** Takes the triggers and everything else of a move out of the source. */
export async function endCapture(
  source: Db,
  relations: readonly Pick<Moved, 'kind' | 'source'>[],
): Promise<void> {
  for (const { kind, source: name } of relations) {
    if (kind === 'stored') continue;
    await withRetry(() =>
      withTransaction(source, async () => {
        await source.query(`SET LOCAL lock_timeout = '2s'`);
        for (const trigger of [ROW_TRIGGER, TRUNCATE_TRIGGER])
          await source.query(`DROP TRIGGER IF EXISTS ${trigger} ON ${name}`);
      }),
    );
  }
  await source.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
}

// The files of a chunk change when it is truncated or rewritten; no trigger tells of that, nor of a chunk that is dropped.
const CHUNKS = {
  timescaledb: `
    SELECT c.oid::text AS chunk, c.relfilenode::text AS files, k.range_start AS from_time, k.range_end AS to_time
      FROM timescaledb_information.chunks k JOIN pg_class c ON c.oid = format('%I.%I', k.chunk_schema, k.chunk_name)::regclass
     WHERE format('%I.%I', k.hypertable_schema, k.hypertable_name)::regclass = $2::regclass`,
  postgres: `
    SELECT k.chunk::oid::text AS chunk,
           (SELECT string_agg(format('%s:%s', p.relid::oid, f.relfilenode), ',' ORDER BY p.relid::oid)
              FROM pg_partition_tree(k.chunk) p JOIN pg_class f ON f.oid = p.relid) AS files,
           k.range_start AS from_time, k.range_end AS to_time
      FROM tsdb.chunk k WHERE format('%I.%I', k.schema_name, k.table_name)::regclass = $2::regclass`,
};

/** Compares the chunks of the source with those at the last look, and notes the ranges of those that are gone or have other files. */
export async function noteChunks(source: Db, engine: EngineName, relations: readonly Moved[]): Promise<void> {
  for (const { kind, number, source: name } of relations) {
    if (kind !== 'ranges') continue;
    await source.query(
      `WITH present AS MATERIALIZED (${CHUNKS[dialectOf(engine)]}),
            gone AS (DELETE FROM ${SCHEMA}.chunk o WHERE o.relation = $1 AND NOT EXISTS (SELECT FROM present p WHERE p.chunk = o.chunk) RETURNING o.*),
            changed AS (UPDATE ${SCHEMA}.chunk o SET files = p.files FROM present p WHERE o.relation = $1 AND o.chunk = p.chunk AND o.files <> p.files RETURNING o.*),
            made AS (INSERT INTO ${SCHEMA}.chunk (relation, chunk, files, from_time, to_time)
                     SELECT $1, chunk, files, from_time, to_time FROM present ON CONFLICT DO NOTHING)
       INSERT INTO ${SCHEMA}.change (relation, kind, from_time, to_time)
       SELECT relation, 'chunk', from_time, to_time FROM gone UNION ALL SELECT relation, 'chunk', from_time, to_time FROM changed`,
      [number, name],
    );
  }
}

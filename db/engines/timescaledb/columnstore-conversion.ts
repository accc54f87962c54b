// Steps that convert chunks one after the other. Each chunk is committed on its own, and chunks to convert are found by their
// state, so that an interrupted conversion continues where it stopped.
import { counted } from '../../core/quantities';
import { literal } from '../../core/sql';
import { chunkRewrite } from '../../kinds/columns/difference';
import { nameOf } from '../../language/names';
import type { Impact, Step } from '../../model';
import { NOT_FROZEN } from './frozen-chunks';

type Named = { readonly schema: string; readonly name: string };

// Chunks are decompressed and compressed, because compress_chunk(…, recompress => true) leaves an orphaned row in
// compression_chunk_size, at which a later pg_restore fails.
const TO_ROWS = 'PERFORM public.decompress_chunk(target, true);';
const AGAIN = `${TO_ROWS} PERFORM public.compress_chunk(target);`;
const FORGET = 'DELETE FROM tsdb.pending_rebuild WHERE chunk = target::text;';

/** Converts those chunks again that were noted when a column with a default was added. */
export function rebuildStep(table: Named, impact: Impact): Step {
  return {
    ...conversion(`rebuild-chunks:${nameOf(table)}`, table, impact),
    summary: `convert ${counted(impact.chunks, 'chunk')} again, so that the chunks contain the values of added columns`,
    sql: [
      // First the notes of chunks that no longer exist or are rows by now are removed; they need no conversion.
      `DELETE FROM tsdb.pending_rebuild p WHERE relation = ${literal(nameOf(table))} AND NOT EXISTS (SELECT FROM timescaledb_information.chunks k WHERE format('%I.%I', k.chunk_schema, k.chunk_name) = p.chunk AND k.is_compressed)`,
      eachChunk(
        `SELECT to_regclass(chunk) FROM tsdb.pending_rebuild WHERE relation = ${literal(nameOf(table))} AND to_regclass(chunk) IS NOT NULL AND ${NOT_FROZEN('to_regclass(chunk)')} ORDER BY chunk`,
        `${AGAIN} ${FORGET}`,
      ),
    ],
  };
}

/** Converts the chunks whose segments or order differ from the settings of their table. */
export function relayoutStep(relation: Named, impact: Impact): Step {
  return {
    ...conversion(`columnstore-layout:${nameOf(relation)}`, relation, impact),
    summary: `convert ${counted(impact.chunks, 'chunk')} again, with the declared segments and order`,
    sql: [eachChunk(otherLayout(relation), `${AGAIN} ${FORGET}`)],
  };
}

/** Turns all chunks back into rows. */
export function toRowsStep(relation: Named, impact: Impact): Step {
  return {
    ...conversion(`columnstore-rows:${nameOf(relation)}`, relation, impact),
    summary: `turn ${counted(impact.chunks, 'chunk')} back into rows`,
    sql: [
      eachChunk(
        `SELECT s.relid ${CHUNK_SETTINGS} WHERE ${isOf(relation)} AND ${NOT_FROZEN('s.relid')} ORDER BY s.relid::text`,
        `${TO_ROWS} ${FORGET}`,
      ),
    ],
  };
}

/**
 * Joins the tables that store hypertables and aggregates (`k`, with the `schema.name` of the declared object as `owner`) with
 * the settings of each of their converted chunks (`s`); it belongs before WHERE. The internal catalog is read because the views
 * of chunks and of aggregates go through all tables, which is slow with thousands of chunks.
 */
export const CHUNK_SETTINGS = `
  FROM (SELECT to_regclass(format('%I.%I', h.schema_name, h.table_name)) AS store,
               format('%s.%s', coalesce(a.user_view_schema, h.schema_name), coalesce(a.user_view_name, h.table_name)) AS owner
          FROM _timescaledb_catalog.hypertable h LEFT JOIN _timescaledb_catalog.continuous_agg a ON a.mat_hypertable_id = h.id) k
  JOIN pg_inherits i ON i.inhparent = k.store
  JOIN _timescaledb_catalog.compression_settings s ON s.relid = i.inhrelid AND s.compress_relid IS NOT NULL`;

const isOf = (relation: Named): string => `k.owner = ${literal(nameOf(relation))}`;

// If a setting of the table is open (NULL), the server chooses it for each chunk, and it is not compared.
const otherLayout = (relation: Named): string => `
  SELECT s.relid ${CHUNK_SETTINGS}
    JOIN _timescaledb_catalog.compression_settings t ON t.relid = k.store AND t.compress_relid IS NULL
   WHERE ${isOf(relation)} AND ${NOT_FROZEN('s.relid')}
     AND (coalesce(s.segmentby, '{}') <> coalesce(t.segmentby, '{}')
          OR (s.orderby, s.orderby_desc, s.orderby_nullsfirst) <> (t.orderby, t.orderby_desc, t.orderby_nullsfirst))
   ORDER BY s.relid::text`;

// PL/pgSQL keeps the rest of the query's result when the loop commits.
const eachChunk = (select: string, work: string): string => `DO $chunks$
DECLARE target regclass;
BEGIN
  FOR target IN ${select.trim()}
  LOOP
    ${work}
    COMMIT;
  END LOOP;
END $chunks$`;

function conversion(id: string, relation: Named, impact: Impact): Omit<Step, 'summary' | 'sql'> {
  return {
    id,
    object: nameOf(relation),
    action: 'run',
    transactional: false,
    lock: `ACCESS EXCLUSIVE on one chunk of ${nameOf(relation)} at a time`,
    hazards: chunkRewrite(nameOf(relation), impact),
    impact,
  };
}

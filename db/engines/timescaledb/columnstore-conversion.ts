// Steps that convert chunks one after the other. Each chunk is committed on its own and found by its own state, so that an
// interrupted conversion goes on where it was.
import { counted } from '../../core/quantities';
import { literal } from '../../core/sql';
import { chunkRewrite } from '../../kinds/columns/difference';
import { nameOf } from '../../language/names';
import type { Impact, Step } from '../../model';

type Named = { readonly schema: string; readonly name: string };

// decompress and compress, not compress_chunk(…, recompress => true): in-memory recompression leaves a row of
// compression_chunk_size dangling, which a later pg_restore stumbles over.
const TO_ROWS = 'PERFORM public.decompress_chunk(target, true);';
const AGAIN = `${TO_ROWS} PERFORM public.compress_chunk(target);`;
const FORGET = 'DELETE FROM tsdb.pending_rebuild WHERE chunk = target::text;';

/** Converts the chunks again that were noted when a column with a default was added. */
export function rebuildStep(table: Named, impact: Impact): Step {
  return {
    ...conversion(`rebuild-chunks:${nameOf(table)}`, table, impact),
    summary: `convert ${counted(impact.chunks, 'chunk')} again, so that values of added columns are in them`,
    sql: [
      // Also notes of chunks that are gone or are rows by now: there is nothing to do for them.
      `DELETE FROM tsdb.pending_rebuild p WHERE relation = ${literal(nameOf(table))} AND NOT EXISTS (SELECT FROM timescaledb_information.chunks k WHERE format('%I.%I', k.chunk_schema, k.chunk_name) = p.chunk AND k.is_compressed)`,
      eachChunk(
        `SELECT to_regclass(chunk) FROM tsdb.pending_rebuild WHERE relation = ${literal(nameOf(table))} AND to_regclass(chunk) IS NOT NULL ORDER BY chunk`,
        `${AGAIN} ${FORGET}`,
      ),
    ],
  };
}

/** Converts the chunks that are segmented or ordered in another way than their table says. */
export function relayoutStep(relation: Named, impact: Impact): Step {
  return {
    ...conversion(`columnstore-layout:${nameOf(relation)}`, relation, impact),
    summary: `convert ${counted(impact.chunks, 'chunk')} again, in the declared segments and order`,
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
        `SELECT s.relid ${CHUNK_SETTINGS} WHERE ${isOf(relation)} ORDER BY s.relid::text`,
        `${TO_ROWS} ${FORGET}`,
      ),
    ],
  };
}

/**
 * Settings of each converted chunk (`s`) with the schema and name of the hypertable that stores it (`k`) and the
 * aggregate it may belong to (`g`); to be put before WHERE.
 */
export const CHUNK_SETTINGS = `
  FROM _timescaledb_catalog.compression_settings s
  JOIN timescaledb_information.chunks k ON format('%I.%I', k.chunk_schema, k.chunk_name)::regclass = s.relid AND s.compress_relid IS NOT NULL
  LEFT JOIN timescaledb_information.continuous_aggregates g
         ON (g.materialization_hypertable_schema, g.materialization_hypertable_name) = (k.hypertable_schema, k.hypertable_name)`;

/** SQL for `schema.name` of the declared object that a chunk of CHUNK_SETTINGS belongs to. */
export const CHUNK_OWNER = `format('%s.%s', coalesce(g.view_schema, k.hypertable_schema), coalesce(g.view_name, k.hypertable_name))`;

const isOf = (relation: Named): string => `${CHUNK_OWNER} = ${literal(nameOf(relation))}`;

// What the table leaves open (NULL) is chosen by the server for each chunk, and is not compared.
const otherLayout = (relation: Named): string => `
  SELECT s.relid ${CHUNK_SETTINGS}
    JOIN _timescaledb_catalog.compression_settings t
      ON t.relid = format('%I.%I', k.hypertable_schema, k.hypertable_name)::regclass AND t.compress_relid IS NULL
   WHERE ${isOf(relation)}
     AND (coalesce(s.segmentby, '{}') <> coalesce(t.segmentby, '{}')
          OR (s.orderby, s.orderby_desc, s.orderby_nullsfirst) <> (t.orderby, t.orderby_desc, t.orderby_nullsfirst))
   ORDER BY s.relid::text`;

// COMMIT in a loop over a query: PL/pgSQL keeps the rest of the result over it.
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

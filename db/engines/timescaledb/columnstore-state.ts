// Reads columnstore settings: those of a table or aggregate, and those with which each chunk was converted.
import { groupBy } from '../../core/group-by';
import type { Relation } from '../../language/aggregate';
import { nameOf } from '../../language/names';
import type { Db } from '../../model';
import { hasTimescaledb } from '../../server/server-info';
import { CHUNK_SETTINGS } from './columnstore-conversion';

/** Segments and order. The three lists of the order belong together, item by item. */
export interface Layout {
  readonly segmentBy: readonly string[];
  readonly orderBy: readonly string[];
  readonly descending: readonly boolean[];
  readonly nullsFirst: readonly boolean[];
}

export interface ColumnstoreState extends Layout {
  readonly relation: string;
  readonly enabled: boolean;
  readonly chunks: readonly ChunkLayout[];
}

/** Chunks that were converted with the same settings. */
export interface ChunkLayout extends Layout {
  readonly relation: string;
  /** Quoted, with schema, in no order. */
  readonly names: readonly string[];
}

const LAYOUT = `coalesce(s.segmentby, '{}') AS "segmentBy", coalesce(s.orderby, '{}') AS "orderBy",
                coalesce(s.orderby_desc, '{}') AS descending, coalesce(s.orderby_nullsfirst, '{}') AS "nullsFirst"`;

/** The settings of the relations that exist; two queries. */
export async function readColumnstores(
  db: Db,
  relations: readonly Relation[],
): Promise<readonly ColumnstoreState[]> {
  if (relations.length === 0 || !(await hasTimescaledb(db))) return [];
  const names = relations.map(nameOf);
  // compress_relid is null in the row of the table itself. The views know whether the columnstore is on; the catalog column
  // hypertable.compression_state stays 0 in 2.29.
  const { rows: states } = await db.query<Omit<ColumnstoreState, 'chunks'>>(
    `SELECT r.name AS relation, r.enabled, ${LAYOUT}
       FROM (SELECT format('%s.%s', hypertable_schema, hypertable_name) AS name, compression_enabled AS enabled,
                    format('%I.%I', hypertable_schema, hypertable_name)::regclass AS store
               FROM timescaledb_information.hypertables
              UNION ALL
             SELECT format('%s.%s', view_schema, view_name), compression_enabled,
                    format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass
               FROM timescaledb_information.continuous_aggregates) r
       LEFT JOIN _timescaledb_catalog.compression_settings s ON s.compress_relid IS NULL AND s.relid = r.store
      WHERE r.name = ANY ($1) ORDER BY 1`,
    [names],
  );
  const { rows: chunks } = await db.query<ChunkLayout>(
    `SELECT k.owner AS relation, ${LAYOUT}, array_agg(s.relid::text) AS names
       ${CHUNK_SETTINGS} WHERE k.owner = ANY ($1)
      GROUP BY 1, s.segmentby, s.orderby, s.orderby_desc, s.orderby_nullsfirst ORDER BY 1`,
    [names],
  );
  const chunksOf = groupBy(chunks, ({ relation }) => relation);
  return states.map((state) => ({ ...state, chunks: chunksOf.get(state.relation) ?? [] }));
}

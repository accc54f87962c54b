// Finds the objects that were applied by another login, and gives them to the owner: only the owner of an object may alter it.
import { ident } from '../core/sql';
import type { Desired } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db } from '../model';
import { hasTimescaledb } from '../server/server-info';

const INTERNAL_SCHEMA = 'tsdb';

// Functions that the emulation (runtime.sql) creates outside of its own schema, with the names of TimescaleDB's functions.
const EMULATED = ['public.time_bucket', 'public.first', 'public.last', 'public.refresh_continuous_aggregate'];

/** An object with another owner, and the statement that changes the owner. */
export interface OwnerChange {
  readonly object: string;
  readonly from: string;
  readonly sql: string;
}

// Indexes, identity columns, chunks, stored buckets and TimescaleDB's jobs follow their table or aggregate. Undeclared objects in a
// declared schema keep their owner, and so do the objects of the extension.
const FOREIGN = (aggregates: string): string => `
  SELECT s.object, pg_get_userbyid(s.owner) AS from, format('ALTER %s %s OWNER TO ', s.kind, s.object) AS sql
    FROM (SELECT quote_ident(n.nspname) AS object, n.nspowner AS owner, 'SCHEMA' AS kind, 1 AS nth
            FROM pg_namespace n WHERE n.nspname = ANY ($2)
           UNION ALL
          SELECT format('%I.%I', n.nspname, c.relname), c.relowner,
                 CASE WHEN format('%s.%s', n.nspname, c.relname) = ANY (${aggregates}) THEN 'MATERIALIZED VIEW'
                      WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'TABLE' END, 2
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p', 'v') AND (n.nspname = $4 OR format('%s.%s', n.nspname, c.relname) = ANY ($1))
           UNION ALL
          SELECT p.oid::regprocedure::text, p.proowner, 'ROUTINE', 3
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
           WHERE (n.nspname = $4 OR format('%s.%s', n.nspname, p.proname) = ANY ($3))
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')) s
   WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = s.owner AND r.rolname = $5)
   ORDER BY s.nth, s.object`;

/** All applied objects that the role does not own; empty before the first apply. */
export async function findOwnerChanges(
  db: Db,
  desired: Desired,
  role: string,
): Promise<readonly OwnerChange[]> {
  const timescale = await hasTimescaledb(db);
  const aggregates = timescale
    ? `ARRAY(SELECT format('%s.%s', view_schema, view_name) FROM timescaledb_information.continuous_aggregates)`
    : `'{}'::text[]`;
  const { rows } = await db.query<OwnerChange>(FOREIGN(aggregates), [
    [...desired.tables, ...desired.hypertables, ...desired.aggregates].map(nameOf),
    [INTERNAL_SCHEMA, ...desired.schemas.filter((name) => name !== 'public')],
    [...desired.functions.map(nameOf), ...(timescale ? [] : EMULATED)],
    INTERNAL_SCHEMA,
    role,
  ]);
  return rows.map((change) => ({ ...change, sql: change.sql + ident(role) }));
}

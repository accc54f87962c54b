// Gives what the reconciler made to the login that applies from now on: who alters an object must own it.
import { ident } from '../core/sql';
import type { Desired } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db } from '../model';
import { hasTimescaledb } from '../server/server-info';

const INTERNAL_SCHEMA = 'tsdb';

// What the emulation (runtime.sql) puts beside the declared objects, where TimescaleDB would put its own.
const EMULATED = ['public.time_bucket', 'public.first', 'public.last', 'public.refresh_continuous_aggregate'];

/** An object of another owner, and the statement that gives it away. */
export interface Gift {
  readonly object: string;
  readonly from: string;
  readonly sql: string;
}

// Indexes, identity columns, chunks, stored buckets and TimescaleDB's jobs follow their table or aggregate. Foreign objects
// in a declared schema stay whose they are, and so does what the extension brought along.
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

/** Everything that the reconciler made and that the role does not own; empty before the first apply. */
export async function findGifts(db: Db, desired: Desired, role: string): Promise<readonly Gift[]> {
  const timescale = await hasTimescaledb(db);
  const aggregates = timescale
    ? `ARRAY(SELECT format('%s.%s', view_schema, view_name) FROM timescaledb_information.continuous_aggregates)`
    : `'{}'::text[]`;
  const { rows } = await db.query<Gift>(FOREIGN(aggregates), [
    [...desired.tables, ...desired.hypertables, ...desired.aggregates].map(nameOf),
    [INTERNAL_SCHEMA, ...desired.schemas.filter((name) => name !== 'public')],
    [...desired.functions.map(nameOf), ...(timescale ? [] : EMULATED)],
    INTERNAL_SCHEMA,
    role,
  ]);
  return rows.map((gift) => ({ ...gift, sql: gift.sql + ident(role) }));
}

// Reads what is in our schemas although it is not declared, and what the journal knows about it.
import { type Desired, relationsOf } from '../../language/desired';
import { nameOf } from '../../language/names';
import { isUnmanaged } from '../../language/unmanaged';
import type { Db } from '../../model';
import type { Evidence, UndeclaredDialect, UndeclaredObject } from './model';

/** Names of everything that is declared and has a name in a schema. */
export const declaredNames = (desired: Desired): readonly string[] =>
  [...relationsOf(desired), ...desired.tables, ...desired.functions].map(nameOf);

/**
 * The undeclared objects of the declared schemas, and those that an apply has created in other schemas. Objects of extensions,
 * chunks, and the parts of an unfinished rebuild are left out.
 */
export async function readObjects(
  db: Db,
  desired: Desired,
  { timed, journal, part }: Sources,
): Promise<readonly (UndeclaredObject & Evidence)[]> {
  const { rows } = await db.query<UndeclaredObject & Evidence>(
    `WITH timed AS (${timed}),
     found AS (
       SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, format('%s.%s', n.nspname, c.relname) AS full_name,
              coalesce(t.kind, CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END) AS kind,
              NULL AS args, t.source, coalesce(t.stored, format('%I.%I', n.nspname, c.relname)) AS stored, 'pg_class'::regclass AS class
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN timed t ON (t.schema, t.name) = (n.nspname, c.relname)
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND NOT ${part}
          AND n.nspname !~ '^(pg_|information_schema$|tsdb$|_?timescaledb_)'
       UNION ALL
       SELECT p.oid, n.nspname, p.proname, format('%s.%s', n.nspname, p.proname), 'function', pg_get_function_identity_arguments(p.oid),
              NULL, NULL, 'pg_proc'::regclass
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname <> 'pg_catalog' AND format('%s.%s', n.nspname, p.proname) = ANY (${journal ? CREATED_FUNCTIONS : `'{}'`})
     )
     SELECT f.kind, f.schema, f.name, f.args, f.source, f.stored, ${READERS} AS readers, ${journal ? EVIDENCE : NO_EVIDENCE}
       FROM found f ${journal ? JOURNAL : ''}
      WHERE f.full_name <> ALL ($2)
        AND (f.schema = ANY ($1)${journal ? ' OR j.created' : ''})
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = f.class AND d.objid = f.oid AND d.deptype = 'e')
        ${journal ? UNFINISHED : ''}
      ORDER BY f.full_name, f.args`,
    [desired.schemas, declaredNames(desired)],
  );
  return rows.filter((object) => !isUnmanaged(desired, nameOf(object)));
}

/** What can be read of a database. */
export interface Sources {
  /** Whether there can be jobs; not before the first apply. */
  readonly jobs: boolean;
  /** A query for all hypertables and aggregates: `schema`, `name`, `kind`, `source`, `stored`. */
  readonly timed: string;
  /** A condition on a relation `c`: it holds rows of another one. */
  readonly part: string;
  /** A login that may compare the schema may not always read the journal. It then knows nothing about the origin of objects. */
  readonly journal: boolean;
}

export async function readSources(
  db: Db,
  { present, timed, part = 'false' }: UndeclaredDialect,
): Promise<Sources> {
  const { rows } = await db.query<{ jobs: boolean; journal: boolean }>(
    `SELECT ${present} AS jobs, count(*) = 2 AS journal
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'tsdb' AND c.relname IN ('journal', 'pending_refresh') AND has_table_privilege(c.oid, 'SELECT')`,
  );
  const { jobs, journal } = rows[0] ?? { jobs: false, journal: false };
  return { jobs, journal, part, timed: jobs ? timed : NONE };
}

const NONE =
  'SELECT NULL::text AS schema, NULL::text AS name, NULL::text AS kind, NULL::text AS source, NULL::text AS stored WHERE false';

// Views in the schemas of TimescaleDB are parts of aggregates, which name their source themselves.
const READERS = `ARRAY(
  SELECT format('%s.%s', vn.nspname, v.relname)
    FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> f.oid JOIN pg_namespace vn ON vn.oid = v.relnamespace
   WHERE d.refclassid = f.class AND d.refobjid = f.oid AND vn.nspname <> '_timescaledb_internal'
  UNION
  SELECT format('%s.%s', kn.nspname, k.relname)
    FROM pg_constraint x JOIN pg_class k ON k.oid = x.conrelid AND NOT k.relispartition JOIN pg_namespace kn ON kn.oid = k.relnamespace
   WHERE f.class = 'pg_class'::regclass AND x.contype = 'f' AND x.confrelid = f.oid AND x.conrelid <> f.oid AND kn.nspname <> '_timescaledb_internal'
  UNION
  SELECT format('%s.%s', t.schema, t.name) FROM timed t WHERE t.source = f.full_name
  ORDER BY 1)`;

// The second part of a step's id is the object, or begins with it: `create-table:a.b`, `add-column:a.b.c`.
const PART = `split_part(s.step, ':', 2)`;
const CREATED_FUNCTIONS = `ARRAY(SELECT ${PART} FROM tsdb.journal s WHERE s.step LIKE 'create-function:%' AND s.finished_at IS NOT NULL)`;

// The last creation counts only if nothing was dropped after it.
const JOURNAL = `
  LEFT JOIN (
    SELECT ${PART} AS object, array_agg(DISTINCT split_part(s.step, ':', 3)) FILTER (WHERE s.step LIKE 'add-policy:%') AS policies,
           coalesce(max(s.id) FILTER (WHERE s.step ~ '^create-(table|hypertable|aggregate|function):')
                    > coalesce(max(s.id) FILTER (WHERE s.step LIKE 'prune:%'), 0), false) AS created
      FROM tsdb.journal s WHERE s.finished_at IS NOT NULL GROUP BY 1) j ON j.object = f.full_name`;

const EVIDENCE = `
  j.object IS NOT NULL AS managed,
  coalesce(j.created, false) AND EXISTS (SELECT FROM tsdb.journal s WHERE s.finished_at IS NOT NULL AND s.step = format('create-%s:%s', f.kind, f.full_name)) AS created,
  coalesce(j.policies, '{}') AS policies,
  ARRAY(SELECT a.attname::text FROM pg_attribute a
         WHERE f.class = 'pg_class'::regclass AND a.attrelid = f.oid AND a.attnum > 0 AND NOT a.attisdropped AND j.created
           AND NOT EXISTS (SELECT FROM tsdb.journal s, unnest(s.statements) q
                            WHERE s.finished_at IS NOT NULL AND starts_with(${PART}, f.full_name)
                              AND strpos(q, '"' || replace(a.attname, '"', '""') || '"') > 0)
         ORDER BY a.attnum) AS strangers`;

const NO_EVIDENCE = `false AS managed, false AS created, '{}'::text[] AS policies, '{}'::text[] AS strangers`;

// Keys such as `next:a.b` and `old:a.b` stand for `a.b__next` and `a.b__old`.
const UNFINISHED = `
  AND NOT EXISTS (SELECT FROM tsdb.pending_refresh p
                   WHERE p.aggregate ~ '^(next|old):' AND f.full_name = split_part(p.aggregate, ':', 2) || '__' || split_part(p.aggregate, ':', 1))`;

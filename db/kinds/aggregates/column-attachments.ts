// Reads what somebody has put on single columns of aggregates by hand: indexes, grants and comments.
import type { Db } from '../../model';
import type { AggregateState, ColumnAttachment } from './model';

/** What is attached to columns of the aggregates, by name; one query. Indexes that the engine makes by itself are left out. */
export async function readColumnAttachments(
  db: Db,
  states: readonly Pick<AggregateState, 'name' | 'stored'>[],
): Promise<ReadonlyMap<string, readonly ColumnAttachment[]>> {
  if (states.length === 0) return new Map();
  const { rows } = await db.query<ColumnAttachment & { readonly name: string }>(ATTACHED, [
    states.map(({ name }) => name),
    states.map(({ stored }) => stored.schema),
    states.map(({ stored }) => stored.name),
  ]);
  return new Map(
    states.map(({ name }) => [
      name,
      rows.filter((row) => row.name === name).map(({ name: _name, ...attachment }) => attachment),
    ]),
  );
}

// An index of the engine is known by its name and its keys: the buckets, alone or after group columns.
const ATTACHED = `
  SELECT g.name, 'index ' || i.relname AS what,
         ARRAY(SELECT DISTINCT a.attname::text FROM pg_depend d JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = d.refobjsubid
                WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid AND d.refobjid = x.indrelid ORDER BY 1) AS columns,
         NULL AS statement,
         CASE WHEN NOT x.indisunique THEN json_build_object('name', i.relname, 'definition', substring(pg_get_indexdef(i.oid) FROM ' USING (.*)$')) END AS index
    FROM unnest($1::text[], $2::text[], $3::text[]) g (name, stored_schema, stored_name)
    JOIN pg_namespace n ON n.nspname = g.stored_schema
    JOIN pg_class t ON t.relnamespace = n.oid AND t.relname = g.stored_name
    JOIN pg_index x ON x.indrelid = t.oid
    JOIN pg_class i ON i.oid = x.indexrelid
   WHERE NOT (starts_with(i.relname, t.relname || '_') AND i.relname ~ '_(bucket|key)_idx\\d*$'
              AND pg_get_indexdef(i.oid) ~ 'USING btree \\(([^,()]+, )*bucket DESC\\)$')
   UNION ALL
  SELECT format('%s.%s', n.nspname, c.relname), 'grants on column ' || a.attname, ARRAY[a.attname::text],
         format('GRANT %s (%I) ON %I.%I TO %s%s', x.privilege_type, a.attname, n.nspname, c.relname,
                CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), NULL
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) x
   WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) AND c.relkind = 'v' AND x.grantee <> c.relowner
   UNION ALL
  SELECT format('%s.%s', n.nspname, c.relname), 'the comment on column ' || a.attname, ARRAY[a.attname::text],
         format('COMMENT ON COLUMN %I.%I.%I IS %L', n.nspname, c.relname, a.attname, col_description(c.oid, a.attnum)), NULL
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
   WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) AND c.relkind = 'v' AND col_description(c.oid, a.attnum) IS NOT NULL
   ORDER BY 1, 2, 4`;

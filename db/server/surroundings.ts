// Reads what the meaning and the spelling of an SQL text depend on besides the text itself.
import type { Db } from '../model';

export interface Surroundings {
  /** Digest of versions, settings, and everything that any text could use. */
  readonly everywhere: string;
  /** Digest of the columns of each relation, by `schema.name`; a relation that does not exist is absent. */
  readonly columns: ReadonlyMap<string, string>;
  /** Whether this login may write `tsdb.spelling`. */
  readonly writable: boolean;
}

/**
 * Reads the surroundings for spellings of the named relations, in two statements.
 * @returns nothing when table `tsdb.spelling` does not exist or may not be read; then the surroundings are of no use.
 */
export async function readSurroundings(
  db: Db,
  relations: readonly string[],
): Promise<Surroundings | undefined> {
  const { rows } = await db.query<{ writable: boolean; everywhere: string }>(
    `SELECT has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE') AS writable,
            ${digest(`concat_ws(E'\\n', ${VERSIONS}, ${SETTINGS}, ${VOCABULARY})`)} AS everywhere
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'tsdb' AND c.relname = 'spelling' AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')`,
  );
  const found = rows[0];
  if (found === undefined) return undefined;
  // On engine `postgres`, the views of aggregates also read tables of schema `tsdb`, whose chunks are left out.
  const { rows: columns } = await db.query<{ name: string; columns: string }>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS name,
            ${digest(
              `string_agg(ROW(a.attname, format_type(a.atttypid, a.atttypmod), o.collname, o.collnamespace::regnamespace)::text, ',' ORDER BY a.attnum)`,
            )} AS columns
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_collation o ON o.oid = a.attcollation
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (n.nspname = 'tsdb' AND NOT c.relispartition OR format('%s.%s', n.nspname, c.relname) = ANY ($1))
      GROUP BY 1 ORDER BY 1`,
    [relations],
  );
  return { ...found, columns: new Map(columns.map(({ name, columns: of }) => [name, of])) };
}

const digest = (text: string): string => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`;

// A new version may print the same definition in another way.
const VERSIONS = `current_setting('server_version_num'), (SELECT string_agg(ROW(x.extname, x.extversion, x.extnamespace::regnamespace)::text, ',' ORDER BY x.extname) FROM pg_extension x)`;

// Those that affect how SQL is read, how constants are written, and which names need a schema.
const SETTINGS = `current_schemas(false)::text, (SELECT string_agg(ROW(s.name, current_setting(s.name, true))::text, ',' ORDER BY s.name)
  FROM unnest('{search_path,intervalstyle,datestyle,timezone,extra_float_digits,bytea_output,quote_all_identifiers,standard_conforming_strings,
                backslash_quote,transform_null_equals,array_nulls,xmloption,xmlbinary,lc_monetary,server_encoding}'::text[]) s (name))`;

// Objects below this number were made by initdb, so they belong to the version of the server. Temporary ones come and go.
const ADDED = (object: string, schema: string): string =>
  `${object}.oid >= 16384 AND ${schema}::regnamespace::text NOT LIKE 'pg\\_temp\\_%'`;

// A new function, operator, cast or type can be a better match for the same text than the one that was used before.
const VOCABULARY = `(SELECT string_agg(v.item, ',' ORDER BY v.item COLLATE "C") FROM (
  SELECT ROW('function', p.pronamespace::regnamespace, p.proname, p.prokind, p.proargtypes::oid[]::regtype[], p.provariadic::regtype, p.proargnames,
             p.pronargdefaults, p.prorettype::regtype, p.proretset, p.provolatile, p.proisstrict)::text AS item
    FROM pg_proc p WHERE ${ADDED('p', 'p.pronamespace')}
  UNION ALL
  SELECT ROW('operator', o.oprnamespace::regnamespace, o.oprname, o.oprleft::regtype, o.oprright::regtype, o.oprresult::regtype)::text
    FROM pg_operator o WHERE ${ADDED('o', 'o.oprnamespace')}
  UNION ALL
  SELECT ROW('cast', k.castsource::regtype, k.casttarget::regtype, k.castcontext, k.castmethod)::text FROM pg_cast k WHERE k.oid >= 16384
  UNION ALL
  -- Every table also has a type for its rows and one for arrays of them. Chunks would be among these.
  SELECT ROW('type', t.typnamespace::regnamespace, t.typname, t.typtype, t.typcategory, t.typispreferred, format_type(t.typbasetype, t.typtypmod), t.typcollation::regcollation)::text
    FROM pg_type t WHERE t.typtype <> 'c' AND t.typcategory <> 'A' AND ${ADDED('t', 't.typnamespace')}
  UNION ALL
  SELECT ROW('operator class', c.opcnamespace::regnamespace, c.opcname, c.opcmethod, c.opcintype::regtype, c.opcdefault)::text
    FROM pg_opclass c WHERE ${ADDED('c', 'c.opcnamespace')}
  UNION ALL
  SELECT ROW('collation', l.collnamespace::regnamespace, l.collname)::text FROM pg_collation l WHERE ${ADDED('l', 'l.collnamespace')}) v)`;

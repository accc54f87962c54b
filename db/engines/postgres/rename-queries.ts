// Renames inside the queries of emulated aggregates: the server does it, in a view that stands for each query meanwhile.
import { ident, literal, relation } from '../../core/sql';
import type { Rename } from '../../kinds/renames';
import type { ContinuousAggregate } from '../../language/aggregate';
import { nameOf } from '../../language/names';
import { type EmulatingEngine, key, refreshQuery, viewQuery } from './aggregate-sql';

// They stand for $1 and $2 in a view, which has no parameters.
const LOWER = `'0001-01-01 00:00:01+00'::timestamp with time zone`;
const UPPER = `'0001-01-01 00:00:02+00'::timestamp with time zone`;
const bound = (query: string): string =>
  `replace(replace(${query}, '>= $1', ${literal(`>= ${LOWER}`)}), '< $2', ${literal(`< ${UPPER}`)})`;
const unbound = (query: string): string =>
  `replace(replace(${query}, ${literal(LOWER)}, '$1'), ${literal(UPPER)}, '$2')`;

/** A rename, and the declared aggregates whose queries may have to follow it. */
export interface Following {
  readonly engine: EmulatingEngine;
  readonly rename: Rename;
  readonly declared: readonly ContinuousAggregate[];
}

/**
 * One statement that runs `statements` (of PL/pgSQL) and lets the queries of all aggregates on the renamed object, and its own,
 * follow. A query that then is the declared one gets the declared text. Any other one gets its own text with the name replaced,
 * if that is the same query to the server, and else the text that the server prints.
 */
export function followedBy({ engine, rename, declared }: Following, statements: readonly string[]): string {
  const { present, object, of, from, to } = rename;
  const concerned = declared.filter(
    (aggregate) => nameOf(aggregate) === nameOf(object) || nameOf(aggregate.from) === nameOf(object),
  );
  // The first row stands for no aggregate; it gives the columns their type.
  const candidates = [
    '(NULL::text, NULL::text, NULL::text, NULL::text)',
    ...concerned.map(
      (one) =>
        `(${[relation(one), refreshQuery(one), viewQuery(engine, one, true), viewQuery(engine, one, false)].map(literal).join(', ')})`,
    ),
  ];
  const ofPresent = `'tsdb_query_' || ${literal(relation(present))}::regclass::oid`;
  const inItsQuery =
    of === 'aggregate-column'
      ? [
          `EXECUTE format('ALTER VIEW IF EXISTS pg_temp.%I RENAME COLUMN %I TO %I', ${ofPresent}, ${literal(from)}, ${literal(to)})`,
        ]
      : [];
  return `DO $rename$
DECLARE
  concerned oid[] := '{}';
  a record;
  part record;
  declared record;
  printed text;
  candidate text;
  chosen text;
BEGIN
  -- A running refresh holds these rows.
  PERFORM FROM tsdb.continuous_aggregate WHERE ${isConcerned(present)} ORDER BY schema_name, view_name FOR UPDATE;
  FOR a IN SELECT ${VIEW} AS view, refresh_query FROM tsdb.continuous_aggregate WHERE ${isConcerned(present)} ORDER BY 1 LOOP
    BEGIN
      EXECUTE format('CREATE TEMP VIEW %I AS %s', 'tsdb_query_' || a.view, ${bound('a.refresh_query')});
      concerned := concerned || a.view;
    EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function THEN
      RAISE NOTICE 'the refresh query of % cannot run and is left as it is', a.view::regclass;
    END;
  END LOOP;
  ${[...statements, ...inItsQuery].map((statement) => `${statement};`).join('\n  ')}
  FOR a IN SELECT ${VIEW} AS view, * FROM tsdb.continuous_aggregate WHERE ${VIEW} = ANY (concerned) ORDER BY 1 LOOP
    printed := pg_get_viewdef(format('pg_temp.%I', 'tsdb_query_' || a.view)::regclass);
    EXECUTE format('DROP VIEW pg_temp.%I', 'tsdb_query_' || a.view);
    SELECT c.* INTO declared FROM (VALUES ${candidates.join(', ')}) c (name, refresh, live, stored) WHERE to_regclass(c.name) = a.view;
    chosen := NULL;
    FOREACH candidate IN ARRAY ARRAY[declared.refresh, ${rewritten(rename)}] LOOP
      CONTINUE WHEN candidate IS NULL OR chosen IS NOT NULL;
      BEGIN
        EXECUTE 'CREATE TEMP VIEW tsdb_candidate AS ' || ${bound('candidate')};
        chosen := CASE WHEN pg_get_viewdef('pg_temp.tsdb_candidate'::regclass) = printed THEN candidate END;
        DROP VIEW pg_temp.tsdb_candidate;
      EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function OR datatype_mismatch THEN
        -- It names what a later step renames or creates.
      END;
    END LOOP;
    UPDATE tsdb.continuous_aggregate x SET refresh_query = coalesce(chosen, rtrim(${unbound('printed')}, ';')) WHERE (x.schema_name, x.view_name) = (a.schema_name, a.view_name);
    IF chosen = declared.refresh THEN
      EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', declared.name, CASE WHEN a.real_time THEN declared.live ELSE declared.stored END);
    END IF;
  END LOOP;
END $rename$`;
}

/** SQL for the text of the query `a.refresh_query` with the name replaced; the caller checks what the server makes of it. */
function rewritten({ of, present, object, from, to }: Rename): string {
  const replaced = (text: string, ...pairs: readonly (readonly [string, string])[]): string =>
    pairs.reduce((sql, [old, next]) => `replace(${sql}, ${old}, ${next})`, text);
  const query = 'a.refresh_query';
  if (of === 'table' || of === 'aggregate')
    return replaced(query, [literal(`FROM ${relation(present)}`), literal(`FROM ${relation(object)}`)]);
  const [before, after] = [literal(` AS ${ident(from)}`), literal(` AS ${ident(to)}`)];
  // The name of an output column stays.
  const asSource = replaced(
    query,
    [before, 'chr(1)'],
    [literal(ident(from)), literal(ident(to))],
    ['chr(1)', before],
  );
  if (of === 'column') return asSource;
  return `CASE WHEN a.view = ${literal(relation(object))}::regclass THEN ${replaced(query, [before, after])} ELSE ${asSource} END`;
}

/** The view that readers of an aggregate use; its oid stays the same when it is renamed. */
const VIEW = `to_regclass(format('%I.%I', schema_name, view_name))::oid`;

const isConcerned = (object: { readonly schema: string; readonly name: string }): string =>
  `(${key(object)}) IN ((schema_name, view_name), (source_schema, source_name))`;

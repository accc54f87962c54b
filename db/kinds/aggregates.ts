// Kind: continuous aggregates. Created empty, then filled with their history in a step of its own.
import { type ContinuousAggregate, nameOf } from '../define';
import type { Db, Desired, Kind, Refusal, Step } from '../model';
import { interval, literal, relation } from '../sql';

/** An aggregate as an engine read it. */
export interface AggregateState {
  readonly name: string;
  readonly realTime: boolean;
  /** Whether its stored query is the declared one. */
  readonly asDeclared: boolean;
}

export interface AggregatesState {
  readonly aggregates: readonly AggregateState[];
  /** Names of other relations that are in the way: `public.x is a table`. */
  readonly occupied: ReadonlyMap<string, string>;
  /** Aggregates whose history is still to be filled in. */
  readonly pending: readonly string[];
}

/** How an engine reads, creates and changes aggregates. */
export interface AggregateDialect {
  read(db: Db, desired: Desired): Promise<readonly AggregateState[]>;
  create(aggregate: ContinuousAggregate): readonly string[];
  setRealTime(aggregate: ContinuousAggregate): readonly string[];
  readonly emulated?: string;
}

export function aggregates(dialect: AggregateDialect): Kind<AggregatesState> {
  return {
    name: 'aggregates',
    async read(db, desired) {
      return {
        aggregates: await dialect.read(db, desired),
        occupied: await readOccupied(db, desired),
        pending: await readPending(db),
      };
    },
    compare(desired, actual) {
      const steps: Step[] = [];
      const refusals: Refusal[] = [];
      for (const aggregate of desired.aggregates) {
        const name = nameOf(aggregate);
        const state = actual.aggregates.find((candidate) => candidate.name === name);
        const occupant = actual.occupied.get(name);
        if (state === undefined && occupant !== undefined) refusals.push(nameTaken(name, occupant));
        else if (state === undefined) steps.push(create(dialect, aggregate), backfill(aggregate));
        else if (!state.asDeclared) refusals.push(redefined(name));
        else {
          if (state.realTime !== aggregate.realTime) steps.push(realTime(dialect, aggregate));
          if (actual.pending.includes(name)) steps.push(backfill(aggregate));
        }
      }
      return {
        steps,
        refusals,
        emulated: dialect.emulated !== undefined && desired.aggregates.length > 0 ? [dialect.emulated] : [],
      };
    },
  };
}

/**
 * Reads queries the way the server prints them, so that texts can be compared: `60 minutes` and `1 hour`, positions and
 * expressions come out alike. Null where a query is not valid on the present tables.
 * Must run in a transaction that is rolled back.
 */
export async function canonicalQueries(
  db: Db,
  queries: readonly string[],
): Promise<readonly (string | null)[]> {
  await db.query(
    `CREATE FUNCTION pg_temp.tsdb_canonical(query text) RETURNS text LANGUAGE plpgsql AS $$
     DECLARE definition text;
     BEGIN
       EXECUTE 'CREATE TEMP VIEW tsdb_canonical AS ' || query;
       definition := pg_get_viewdef('pg_temp.tsdb_canonical'::regclass);
       DROP VIEW pg_temp.tsdb_canonical;
       RETURN definition;
     EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function OR datatype_mismatch THEN
       RETURN NULL;
     END $$`,
  );
  const { rows } = await db.query<{ definition: string | null }>(
    'SELECT pg_temp.tsdb_canonical(query) AS definition FROM unnest($1::text[]) WITH ORDINALITY q (query, at) ORDER BY at',
    [queries],
  );
  return rows.map((row) => row.definition);
}

async function readOccupied(db: Db, desired: Desired): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ name: string; kind: string }>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS name,
            CASE c.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view' WHEN 'S' THEN 'a sequence'
                           WHEN 'i' THEN 'an index' ELSE 'a table' END AS kind
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1`,
    [desired.aggregates.map(nameOf)],
  );
  return new Map(rows.map((row) => [row.name, row.kind]));
}

async function readPending(db: Db): Promise<readonly string[]> {
  const { rows: present } = await db.query<{ present: boolean }>(
    `SELECT to_regclass('tsdb.pending_refresh') IS NOT NULL AS present`,
  );
  if (!present[0]?.present) return [];
  const { rows } = await db.query<{ aggregate: string }>(
    'SELECT aggregate FROM tsdb.pending_refresh ORDER BY 1',
  );
  return rows.map((row) => row.aggregate);
}

function create(dialect: AggregateDialect, aggregate: ContinuousAggregate): Step {
  const name = nameOf(aggregate);
  return {
    id: `create-aggregate:${name}`,
    object: name,
    action: 'create',
    summary: `continuous aggregate of ${nameOf(aggregate.from)} by ${aggregate.bucket}${aggregate.realTime ? ', real-time' : ''}`,
    sql: [
      ...dialect.create(aggregate),
      `INSERT INTO tsdb.pending_refresh (aggregate) VALUES (${literal(name)}) ON CONFLICT DO NOTHING`,
    ],
    transactional: true,
    lock: `ACCESS SHARE on ${nameOf(aggregate.from)}`,
    hazards: [],
  };
}

// Before any policy runs: a policy moves the watermark to now, and history before its window would be invisible for ever.
function backfill(aggregate: ContinuousAggregate): Step {
  const name = nameOf(aggregate);
  return {
    id: `backfill-aggregate:${name}`,
    object: name,
    action: 'run',
    summary: `fill in its history from ${nameOf(aggregate.from)}`,
    sql: [
      `CALL public.refresh_continuous_aggregate(${literal(relation(aggregate))}::regclass, NULL::timestamptz, now() - ${interval(aggregate.refresh.endOffset)})`,
      `DELETE FROM tsdb.pending_refresh WHERE aggregate = ${literal(name)}`,
    ],
    transactional: false,
    lock: 'none on readers and writers',
    hazards: [],
  };
}

function realTime(dialect: AggregateDialect, aggregate: ContinuousAggregate): Step {
  return {
    id: `real-time:${nameOf(aggregate)}`,
    object: nameOf(aggregate),
    action: 'change',
    summary: aggregate.realTime ? 'include rows newer than the last refresh' : 'show refreshed buckets only',
    sql: dialect.setRealTime(aggregate),
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${nameOf(aggregate)}, for an instant`,
    hazards: [],
  };
}

function nameTaken(name: string, occupant: string): Refusal {
  return {
    object: name,
    what: `is ${occupant}, declared as a continuous aggregate`,
    why: 'dropping it is not ours to decide',
    wayOut: 'rename or drop it, or choose another name',
  };
}

function redefined(name: string): Refusal {
  return {
    object: name,
    what: 'computes something else than declared',
    why: 'replacing it would lose the buckets whose source rows are gone',
    wayOut: 'declare the new query under another name; drop the old aggregate when nobody reads it',
  };
}

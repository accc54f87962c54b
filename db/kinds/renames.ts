// Kind: renames of tables, columns and aggregates whose declaration names what they were called before.
import { literal } from '../core/sql';
import type { ContinuousAggregate } from '../language/aggregate';
import { type Desired, tablesOf } from '../language/desired';
import { type FormerName, formerNames } from '../language/former-names';
import { nameOf } from '../language/names';
import type { Db, Kind, Refusal, Step } from '../model';

/** A rename that is to be made. */
export interface Rename extends FormerName {
  /** The name of its object at that moment: the declared one, unless the object itself is being renamed. */
  readonly present: { readonly schema: string; readonly name: string };
}

/** What the statements of a rename depend on besides the rename itself. */
export interface RenameFacts {
  /** Whether schema `tsdb` keeps its own records, in which names occur. */
  readonly records: boolean;
  /** The declared aggregates that exist, each with as many of its last computed columns left out as it still lacks. */
  readonly aggregates: readonly ContinuousAggregate[];
}

/** How an engine renames. */
export interface RenameDialect {
  /** The aggregates among the relations of these names. */
  readAggregates(db: Db, names: readonly string[]): Promise<readonly string[]>;
  /** Statements for one transaction. */
  rename(rename: Rename, facts: RenameFacts): readonly string[];
}

interface RenamesState {
  /** Columns of the relations with a declared or a former name, by name. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  /** What each of these relations is. */
  readonly kinds: ReadonlyMap<string, 'table' | 'aggregate' | 'other'>;
  readonly records: boolean;
}

/**
 * Renames what exists under its former name only. Without the former name there is nothing to do, so the hint may stay in the
 * declaration; with both names nobody knows which of the two is meant. The kinds after this one read the database as it is after
 * the renames.
 */
export function renames(dialect: RenameDialect): Kind<RenamesState> {
  return {
    name: 'renames',
    runsWhilePlanning: true,
    async read(db, desired) {
      const former = formerNames(desired);
      if (former.length === 0) return { columns: new Map(), kinds: new Map(), records: false };
      const names = [
        ...former.map(({ object, from }) => nameOf({ schema: object.schema, name: from })),
        ...[...tablesOf(desired), ...desired.aggregates].map(nameOf),
      ];
      const { rows } = await db.query<RelationRow>(RELATIONS, [names]);
      const aggregates = await dialect.readAggregates(db, names);
      return {
        columns: new Map(rows.map(({ name, columns }) => [name, columns])),
        kinds: new Map(
          rows.map(({ name, table }) => [
            name,
            aggregates.includes(name) ? 'aggregate' : table ? 'table' : 'other',
          ]),
        ),
        records: rows[0]?.records ?? false,
      };
    },
    compare(desired, state) {
      const steps: Step[] = [];
      const refusals: Refusal[] = [];
      const facts = { records: state.records, aggregates: existing(desired, state) };
      for (const former of formerNames(desired)) {
        const found = find(former, state);
        if (found === undefined) continue;
        if ('wayOut' in found) refusals.push(found);
        else steps.push(step(found, dialect.rename(found, facts)));
      }
      return { steps, refusals };
    },
  };
}

/** The statement that carries over what an interrupted run has left to fill in an aggregate: it is noted under its name. */
export function renamePending(before: Rename['present'], after: Rename['present']): string {
  return `WITH noted AS (DELETE FROM tsdb.pending_refresh WHERE aggregate = ${literal(nameOf(before))} RETURNING since)
INSERT INTO tsdb.pending_refresh (aggregate, since) SELECT ${literal(nameOf(after))}, since FROM noted ON CONFLICT DO NOTHING`;
}

interface RelationRow {
  readonly name: string;
  readonly table: boolean;
  readonly columns: string[];
  readonly records: boolean;
}

const RELATIONS = `
  SELECT format('%s.%s', n.nspname, c.relname) AS name, c.relkind IN ('r', 'p') AS table,
         ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
         to_regclass('tsdb.pending_refresh') IS NOT NULL AS records
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1`;

function find(former: FormerName, { columns, kinds }: RenamesState): Rename | Refusal | undefined {
  const { of, object, from, to } = former;
  const declared = nameOf(object);
  const before = { schema: object.schema, name: object.renamedFrom ?? object.name };
  const kind = object.kind === 'aggregate' ? 'aggregate' : 'table';
  if (of === 'table' || of === 'aggregate') {
    if (!columns.has(nameOf(before))) return undefined;
    if (columns.has(declared)) return both(former);
    if (kinds.get(nameOf(before)) !== kind) return otherKind(former, nameOf(before));
    return { ...former, present: before };
  }
  const moves = !columns.has(declared) && kinds.get(nameOf(before)) === kind;
  const present = columns.get(moves ? nameOf(before) : declared) ?? [];
  if (!present.includes(from)) return undefined;
  if (present.includes(to)) return both(former);
  return { ...former, present: object };
}

/** The declared aggregates that exist under their present or their former name. */
function existing({ aggregates }: Desired, { columns }: RenamesState): readonly ContinuousAggregate[] {
  return aggregates.flatMap((aggregate) => {
    const former = { schema: aggregate.schema, name: aggregate.renamedFrom ?? aggregate.name };
    const present = columns.get(nameOf(aggregate)) ?? columns.get(nameOf(former));
    if (present === undefined) return [];
    const kept = Object.entries(aggregate.select).slice(0, present.length - 1 - aggregate.groupBy.length);
    return [
      {
        ...aggregate,
        select: Object.fromEntries(kept),
        columnNames: aggregate.columnNames.slice(0, present.length),
      },
    ];
  });
}

function step(rename: Rename, sql: readonly string[]): Step {
  const { of, object, from, to, present } = rename;
  const name = nameOf(object);
  const isColumn = of === 'column' || of === 'aggregate-column';
  return {
    id: isColumn ? `rename-column:${name}.${to}` : `rename-${of}:${name}`,
    // The jobs of this object are paused, and they know it by its present name.
    object: nameOf(present),
    action: 'change',
    summary: isColumn
      ? `rename column ${from} to ${to}; its values stay`
      : `rename it to ${to}; its ${of === 'table' ? 'rows' : 'buckets'} and policies stay`,
    sql,
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${nameOf(present)}${of === 'table' || of === 'column' ? ' and its chunks' : ''}, for an instant`,
    hazards: [],
  };
}

function both({ object, from, to, of }: FormerName): Refusal {
  const isColumn = of === 'column' || of === 'aggregate-column';
  const subject = isColumn ? `column ${to}` : to;
  const hint = of === 'aggregate-column' ? 'renamedFrom or columnsRenamedFrom' : 'renamedFrom';
  return {
    object: nameOf(object),
    what: isColumn
      ? `has a column ${to} and a column ${from}, and ${to} is declared as renamed from ${from}`
      : `and ${nameOf({ schema: object.schema, name: from })} both exist, and it is declared as renamed from ${from}`,
    why: 'nobody but you knows which of the two holds the values that are meant',
    wayOut: `to keep both, remove ${hint} of ${subject} from the declaration; to keep only ${from}, drop or rename ${to} by hand and plan again`,
  };
}

function otherKind({ object, from, of }: FormerName, before: string): Refusal {
  return {
    object: nameOf(object),
    what: `is declared as renamed from ${from}, but ${before} is no ${of === 'table' ? 'table' : 'continuous aggregate'}`,
    why: 'only an object of the same kind can get this name',
    wayOut: 'correct renamedFrom in the declaration, or remove it',
  };
}

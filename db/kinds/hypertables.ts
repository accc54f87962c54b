// Kind: hypertables. An engine reads them and knows the SQL; this file compares them with the declaration.
import { counted } from '../core/quantities';
import type { HashPartitions, Hypertable } from '../language/hypertable';
import { formatInterval, lengthOf } from '../language/interval';
import { nameOf } from '../language/names';
import type { Db, Findings, Kind, Refusal, Step } from '../model';

const DAY = lengthOf('1 day');

/** A hypertable as an engine read it. */
export interface HypertableState {
  readonly name: string;
  readonly time: string;
  readonly chunkMicroseconds: number;
  readonly hash: HashPartitions | null;
}

/** How an engine reads, creates and changes hypertables. */
export interface HypertableDialect {
  /** The hypertables among the relations of these names. */
  read(db: Db, names: readonly string[]): Promise<readonly HypertableState[]>;
  create(table: Hypertable): readonly string[];
  setChunkInterval(table: Hypertable): readonly string[];
  /**
   * Sets the hash partitions of chunks that are created from now on; `before` are the present ones. Absent on an engine whose chunks
   * have none, because it distributes rows by the hash of a column.
   */
  setHash?(table: Hypertable, hash: HashPartitions, before: HashPartitions | null): readonly string[];
  /** Where the rows of a table are, on an engine that distributes them: `distributed by sensor_id`. */
  placement?(table: Hypertable): string;
  /** How this engine emulates hypertables, for the plan's list of emulated features. */
  readonly emulated?: string;
}

interface HypertablesState {
  readonly hypertables: readonly HypertableState[];
  /** What each relation is that has the name of a declared hypertable, e.g. `a plain table`. */
  readonly relations: ReadonlyMap<string, string>;
}

export function hypertables(dialect: HypertableDialect): Kind<HypertablesState> {
  return {
    name: 'hypertables',
    async read(db, desired) {
      const names = desired.hypertables.map(nameOf);
      const { rows } = await db.query<{ name: string; kind: string }>(
        `SELECT format('%s.%s', n.nspname, c.relname) AS name,
                CASE c.relkind WHEN 'r' THEN 'a plain table' WHEN 'p' THEN 'a partitioned table' ELSE 'not a table' END AS kind
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1`,
        [names],
      );
      return {
        hypertables: await dialect.read(db, names),
        relations: new Map(rows.map(({ name, kind }) => [name, kind])),
      };
    },
    compare(desired, actual) {
      const found = desired.hypertables.map((table) => compareTable(dialect, table, actual));
      return {
        steps: found.flatMap(({ steps = [] }) => steps),
        refusals: found.flatMap(({ refusals = [] }) => refusals),
        emulated: dialect.emulated !== undefined && desired.hypertables.length > 0 ? [dialect.emulated] : [],
      };
    },
  };
}

function compareTable(
  dialect: HypertableDialect,
  table: Hypertable,
  actual: HypertablesState,
): Partial<Findings> {
  const object = nameOf(table);
  const occupant = actual.relations.get(object);
  if (occupant === undefined) {
    const step: Step = {
      id: `create-hypertable:${object}`,
      object,
      action: 'create',
      summary: `hypertable on ${table.time}, chunks of ${table.chunkInterval}, ${counted(table.columnNames.length, 'column')}${dialect.placement ? `, ${dialect.placement(table)}` : ''}`,
      sql: dialect.create(table),
      transactional: true,
      lock: 'none',
      hazards: [],
    };
    return { steps: [step] };
  }
  const state = actual.hypertables.find(({ name }) => name === object);
  if (state === undefined) return { refusals: [notAHypertable(object, occupant)] };
  if (state.time !== table.time) {
    return {
      refusals: [
        {
          object,
          what: `is partitioned by ${state.time}, declared by ${table.time}`,
          why: 'the time column of a hypertable cannot be changed in place',
          wayOut: 'declare the new table under another name, copy the rows, then drop the old one by hand',
        },
      ],
    };
  }
  if (dialect.setHash !== undefined && state.hash !== null && state.hash.by !== table.hash?.by)
    return { refusals: [otherHash(object, table, state.hash)] };
  return {
    steps: [
      ...chunkInterval(dialect, table, state.chunkMicroseconds),
      ...hashPartitions(dialect, table, state.hash),
    ],
  };
}

function chunkInterval(dialect: HypertableDialect, table: Hypertable, actual: number): readonly Step[] {
  if (actual === lengthOf(table.chunkInterval)) return [];
  return [
    {
      id: `chunk-interval:${nameOf(table)}`,
      object: nameOf(table),
      action: 'change',
      summary: `chunk interval ${lengthText(actual)} → ${table.chunkInterval} from now on; existing chunks keep their ranges`,
      sql: dialect.setChunkInterval(table),
      transactional: true,
      lock: 'none',
      hazards: [],
    },
  ];
}

// A chunk interval has no months.
const lengthText = (microseconds: number): string => {
  const days = Math.floor(microseconds / DAY);
  return formatInterval({ months: 0, days, microseconds: microseconds - days * DAY });
};

function hashPartitions(
  dialect: HypertableDialect,
  table: Hypertable,
  actual: HashPartitions | null,
): readonly Step[] {
  const { hash } = table;
  if (dialect.setHash === undefined || hash === undefined || hash.count === actual?.count) return [];
  return [
    {
      id: `hash-partitions:${nameOf(table)}`,
      object: nameOf(table),
      action: 'change',
      summary: `hash partitions by ${hash.by} ${actual?.count ?? 'none'} → ${hash.count} in chunks made from now on`,
      sql: dialect.setHash(table, hash, actual),
      transactional: true,
      lock: `SHARE UPDATE EXCLUSIVE on ${nameOf(table)}`,
      hazards: [],
    },
  ];
}

function otherHash(object: string, table: Hypertable, actual: HashPartitions): Refusal {
  return {
    object,
    what: `is hash-partitioned by ${actual.by}, declared ${table.hash ? `by ${table.hash.by}` : 'without hash partitions'}`,
    why: 'a hypertable cannot lose a partition dimension',
    wayOut:
      'declare the hash partitions as they are, or declare a new table under another name and copy the rows',
  };
}

function notAHypertable(object: string, description: string): Refusal {
  return {
    object,
    what: `is ${description}, declared as a hypertable`,
    why: 'converting it in place would rewrite every row under an exclusive lock',
    wayOut: 'rename it, apply, and copy its rows with INSERT … SELECT',
  };
}

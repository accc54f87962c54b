// Kind: hypertables. Compares what is declared with what an engine read; the engine brings the SQL.
import { counted } from '../core/quantities';
import type { Desired } from '../language/desired';
import type { HashPartitions, Hypertable } from '../language/hypertable';
import { approximateMicroseconds, parseDuration } from '../language/interval';
import { nameOf } from '../language/names';
import type { Db, Findings, Kind, Refusal, Step } from '../model';

/** A relation that has the name of a declared hypertable. */
export type HypertableState =
  | {
      readonly name: string;
      readonly kind: 'hypertable';
      readonly time: string;
      readonly chunkMicroseconds: number;
      readonly hash?: HashPartitions;
    }
  | { readonly name: string; readonly kind: 'other'; readonly description: string };

/** How an engine reads, creates and changes hypertables. */
export interface HypertableDialect {
  read(db: Db, desired: Desired): Promise<readonly HypertableState[]>;
  create(table: Hypertable): readonly string[];
  setChunkInterval(table: Hypertable): readonly string[];
  /** Partitions chunks made from now on; `before` is what there was. */
  setHash(table: Hypertable, hash: HashPartitions, before: HashPartitions | undefined): readonly string[];
  /** What to tell about hypertables on this engine, e.g. that they are emulated. */
  readonly emulated?: string;
}

export function hypertables(dialect: HypertableDialect): Kind<readonly HypertableState[]> {
  return {
    name: 'hypertables',
    read: (db, desired) => dialect.read(db, desired),
    compare(desired, actual) {
      const found = desired.hypertables.map((table) =>
        compareTable(
          dialect,
          table,
          actual.find((state) => state.name === nameOf(table)),
        ),
      );
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
  state: HypertableState | undefined,
): { steps?: readonly Step[]; refusals?: Findings['refusals'] } {
  const object = nameOf(table);
  if (state === undefined) {
    const step: Step = {
      id: `create-hypertable:${object}`,
      object,
      action: 'create',
      summary: `hypertable on ${table.time}, chunks of ${table.chunkInterval}, ${counted(table.columnNames.length, 'column')}`,
      sql: dialect.create(table),
      transactional: true,
      lock: 'none',
      hazards: [],
    };
    return { steps: [step] };
  }
  if (state.kind === 'other') return { refusals: [notAHypertable(object, state.description)] };
  if (state.time !== table.time) {
    return {
      refusals: [
        {
          object,
          what: `is partitioned by ${state.time}, declared by ${table.time}`,
          why: 'the time column of a hypertable cannot change in place',
          wayOut: 'declare the new table under another name, copy the rows, then drop the old one by hand',
        },
      ],
    };
  }
  if (state.hash !== undefined && state.hash.by !== table.hash?.by)
    return { refusals: [otherHash(object, table, state.hash)] };
  return {
    steps: [
      ...chunkInterval(dialect, table, state.chunkMicroseconds),
      ...hashPartitions(dialect, table, state.hash),
    ],
  };
}

function chunkInterval(dialect: HypertableDialect, table: Hypertable, actual: number): readonly Step[] {
  if (actual === approximateMicroseconds(parseDuration(table.chunkInterval))) return [];
  return [
    {
      id: `chunk-interval:${nameOf(table)}`,
      object: nameOf(table),
      action: 'change',
      summary: `chunks of ${table.chunkInterval} from now on; existing chunks keep their ranges`,
      sql: dialect.setChunkInterval(table),
      transactional: true,
      lock: 'none',
      hazards: [],
    },
  ];
}

function hashPartitions(
  dialect: HypertableDialect,
  table: Hypertable,
  actual: HashPartitions | undefined,
): readonly Step[] {
  const { hash } = table;
  if (hash === undefined || hash.count === actual?.count) return [];
  return [
    {
      id: `hash-partitions:${nameOf(table)}`,
      object: nameOf(table),
      action: 'change',
      summary: `${hash.count} hash partitions by ${hash.by} in chunks made from now on`,
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
    why: 'a dimension cannot be taken away from a hypertable',
    wayOut: 'declare the partitions as they are, or a new table under another name and copy the rows',
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

// Kind: hypertables. Compares what is declared with what an engine read; the engine brings the SQL.
import { type Hypertable, nameOf } from '../define';
import { approximateMicroseconds, parseDuration } from '../interval';
import type { Db, Desired, Findings, Kind, Refusal, Step } from '../model';

/** A relation that has the name of a declared hypertable. */
export type HypertableState =
  | {
      readonly name: string;
      readonly kind: 'hypertable';
      readonly time: string;
      readonly chunkMicroseconds: number;
    }
  | { readonly name: string; readonly kind: 'other'; readonly description: string };

/** How an engine reads, creates and changes hypertables. */
export interface HypertableDialect {
  read(db: Db, desired: Desired): Promise<readonly HypertableState[]>;
  create(table: Hypertable): readonly string[];
  setChunkInterval(table: Hypertable): readonly string[];
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
      summary: `hypertable on ${table.time}, chunks of ${table.chunkInterval}, ${table.columnNames.length} columns`,
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
  if (state.chunkMicroseconds === approximateMicroseconds(parseDuration(table.chunkInterval))) return {};
  const step: Step = {
    id: `chunk-interval:${object}`,
    object,
    action: 'change',
    summary: `chunks of ${table.chunkInterval} from now on; existing chunks keep their ranges`,
    sql: dialect.setChunkInterval(table),
    transactional: true,
    lock: 'none',
    hazards: [],
  };
  return { steps: [step] };
}

function notAHypertable(object: string, description: string): Refusal {
  return {
    object,
    what: `is ${description}, declared as a hypertable`,
    why: 'converting it in place would rewrite every row under an exclusive lock',
    wayOut: 'rename it, apply, and copy its rows with INSERT … SELECT',
  };
}

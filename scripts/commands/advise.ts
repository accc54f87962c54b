// tsdb advise: proposes how a declared table should be stored in the columnstore, measured on a sample of its own rows.
import type { Client } from 'pg';
import { RefusedError } from '../../db/core/errors';
import { counted, shortBytes } from '../../db/core/quantities';
import { nameOf } from '../../db/language/names';
import { withConnection } from '../../db/server/connection';
import { withAbortListener } from '../abort-listener';
import { declarationLines, describeOrder, type Layout } from '../advise/layout';
import { type Proposal, propose } from '../advise/propose';
import { type Sample, takeSample } from '../advise/sample';
import { type Trial, trials } from '../advise/trial';
import { readContext, requireConnection } from '../context';
import { note, print, printJson, table } from '../output';
import { type Declared, findColumnstore, requireColumnstore, withColumnstore } from './compress';

export interface AdviseFlags {
  readonly rows: number;
  readonly json?: boolean;
}

/** What was found out about one table. */
interface Advice {
  readonly table: string;
  /** Null when the table has no rows. */
  readonly sample: Pick<Sample, 'rows' | 'from' | 'to'> | null;
  readonly declared: Figures | null;
  readonly best: Figures | null;
  /** All layouts that were measured, smallest first. */
  readonly measured: readonly Figures[];
  /** Lines of the declaration to change; none when the declared layout is the best. */
  readonly change: readonly string[];
}

interface Figures extends Layout {
  readonly rowBytes: number;
  readonly columnBytes: number;
  readonly savedPercent: number;
  readonly readBytes: number;
  readonly chunks: number;
  /** Whether the sample has a complete chunk of this length. */
  readonly complete: boolean;
}

/** Measures and prints. Nothing in the database changes: each trial is a transaction that is rolled back. */
export async function advise(
  names: readonly string[],
  flags: AdviseFlags,
  signal: AbortSignal,
): Promise<number> {
  const { config, desired } = readContext();
  const tables =
    names.length === 0
      ? withColumnstore(desired)
      : names.map((name) =>
          findColumnstore(
            desired,
            name,
            "so there is no layout to compare; declare one, e.g. columnstore: { segmentBy: [], orderBy: [desc('time')], after: '7 days' }, and run this again before you apply it",
          ),
        );
  const advices = await withConnection(requireConnection(config), async (db) => {
    await requireColumnstore(db);
    // Without its connection, the server stops what is running, and rolls back.
    return withAbortListener(
      signal,
      () => void db.end().catch(() => undefined),
      async () => {
        const found: Advice[] = [];
        for (const one of tables) found.push(await adviseTable(db, one, flags.rows, signal));
        return found;
      },
    );
  });
  if (advices.every(({ sample }) => sample === null))
    throw new RefusedError(
      `no rows to measure: ${advices.map(({ table: name }) => name).join(', ')} ${advices.length === 1 ? 'is' : 'are'} empty; write or import some, and run this again`,
    );
  if (flags.json) printJson({ tables: advices });
  else print(advices.map(format).join('\n\n'));
  return 0;
}

async function adviseTable(db: Client, one: Declared, most: number, signal: AbortSignal): Promise<Advice> {
  note(`${nameOf(one)}: taking a sample`);
  const sample = await takeSample(db, one, most);
  const nothing = { table: nameOf(one), sample: null, declared: null, best: null, measured: [], change: [] };
  if (sample === undefined) return nothing;
  note(`${nameOf(one)}: measuring layouts on ${counted(sample.rows, 'row')}`);
  const { segmentBy, orderBy } = one.columnstore;
  const declared: Layout = {
    segmentBy,
    orderBy: orderBy.length > 0 ? orderBy : [{ column: one.time, descending: true }],
    chunkInterval: one.kind === 'hypertable' ? one.chunkInterval : sample.chunkInterval,
  };
  const attempt = trials(db, one, sample);
  const proposal = await propose(one, declared, sample, (layout) => {
    signal.throwIfAborted();
    return attempt(layout);
  });
  return adviceOf(one, sample, proposal);
}

function adviceOf(one: Declared, { rows, from, to }: Sample, { declared, best, tried }: Proposal): Advice {
  const figures = (trial: Trial): Figures => figuresOf(trial, declared);
  return {
    table: nameOf(one),
    sample: { rows, from, to },
    declared: figures(declared),
    best: figures(best),
    measured: [...tried].sort((a, b) => a.columnBytes - b.columnBytes).map(figures),
    change: declarationLines(one, one.columnstore, declared.layout, best.layout),
  };
}

// All savings are compared with the rows as they are stored today, so that the smallest layout saves most.
function figuresOf({ layout, chunks, complete, ...trial }: Trial, declared: Trial): Figures {
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    ...layout,
    rowBytes: round(trial.rowBytes),
    columnBytes: round(trial.columnBytes),
    savedPercent: round(100 * (1 - trial.columnBytes / declared.rowBytes)),
    readBytes: trial.readBytes,
    chunks,
    complete,
  };
}

function format({ table: name, sample, declared, best, measured, change }: Advice): string {
  if (sample === null || declared === null || best === null) return `${name}: no rows to measure`;
  const others = measured.filter((one) => !same(one, declared) && !same(one, best));
  const rows = [
    line('declared', declared),
    ...(same(best, declared) ? [] : [line('best', best)]),
    ...others.map((one) => line('', one)),
  ];
  const header = ['', 'segment by', 'order by', 'chunks of', 'rows', 'columns', 'saved', 'one series reads'];
  return [
    `${name}: ${counted(sample.rows, 'row')} from ${sample.from} to ${sample.to}; bytes per row, with indexes`,
    table(header, rows),
    ...(declared.complete
      ? []
      : [`The sample is shorter than a declared chunk, so the figures are too pessimistic; raise --rows.`]),
    change.length === 0
      ? `The declared layout saves ${declared.savedPercent} %. No other one is clearly better.`
      : `To save ${best.savedPercent} % instead of ${declared.savedPercent} %, change in the declaration of ${name}:`,
    ...change.map((text) => `  ${text}`),
  ].join('\n');
}

const same = (a: Layout, b: Layout): boolean =>
  JSON.stringify([a.segmentBy, a.orderBy, a.chunkInterval]) ===
  JSON.stringify([b.segmentBy, b.orderBy, b.chunkInterval]);

function line(what: string, one: Figures): string[] {
  return [
    what,
    one.segmentBy.length === 0 ? '(none)' : one.segmentBy.join(', '),
    describeOrder(one.orderBy),
    one.chunkInterval,
    one.rowBytes.toFixed(1),
    one.columnBytes.toFixed(1),
    `${one.savedPercent.toFixed(1)} %`,
    shortBytes(one.readBytes),
  ];
}

// Finds the layout that stores a sample in the least space without making the usual query read more.
import type { SortKey } from '../../db/language/indexes';
import { type Duration, lengthOf } from '../../db/language/interval';
import type { Stored } from '../../db/upkeep/compress';
import { keyOf, type Layout } from './layout';
import type { Sample } from './sample';
import { seriesOf } from './series';
import type { Trial, Try } from './trial';

/** All layouts that were tried: the declared one first. */
export interface Proposal {
  readonly declared: Trial;
  /** The declared one when no other is clearly better. */
  readonly best: Trial;
  readonly tried: readonly Trial[];
}

// A change rewrites chunks and has to be applied, so it must be worth it. Figures of samples are not exact either.
const CLEARLY = 0.95;

// Columns that are tried one by one; more would take minutes.
const MOST_COLUMNS = 6;

/**
 * Segments are found column by column, then the order, then the length of chunks.
 * @throws the signal's reason when it was stopped.
 */
export async function propose(
  table: Stored,
  declaredLayout: Layout,
  sample: Sample,
  attempt: Try,
): Promise<Proposal> {
  const tried = new Map<string, Trial>();
  const measure = async (layout: Layout): Promise<Trial> => {
    const trial = await attempt(layout);
    tried.set(keyOf(layout), trial);
    return trial;
  };
  const declared = await measure(declaredLayout);
  const better = (one: Trial, than: Trial): boolean =>
    readsLittle(one, declared) && one.columnBytes < than.columnBytes * CLEARLY;
  const segmented = await segments(table, declared, sample, measure);
  const ordered = await bestOf(
    segmented,
    orders(table, segmented.layout, sample).map((orderBy) => ({ ...segmented.layout, orderBy })),
    measure,
    better,
  );
  // The same segments and order as now unless others are clearly better than them.
  const columns = better(ordered, declared) ? ordered : declared;
  const best = await bestInterval(table, columns, sample, measure, declared);
  return { declared, best, tried: [...tried.values()] };
}

type Measure = (layout: Layout) => Promise<Trial>;

/** A layout that saves space must not make reading one series clearly slower. */
const readsLittle = ({ readBytes }: Trial, declared: Trial): boolean =>
  readBytes <= declared.readBytes * 1.5 + 65_536;

async function bestOf(
  start: Trial,
  layouts: readonly Layout[],
  measure: Measure,
  better: (one: Trial, than: Trial) => boolean,
): Promise<Trial> {
  let best = start;
  for (const layout of layouts) {
    const trial = await measure(layout);
    if (better(trial, best)) best = trial;
  }
  return best;
}

/** Adds the column that helps most as long as one does. */
async function segments(table: Stored, declared: Trial, sample: Sample, measure: Measure): Promise<Trial> {
  const candidates = segmentColumns(declared, sample);
  const time: SortKey = { column: table.time, descending: true };
  const withSegments = (segmentBy: readonly string[]): Layout => ({
    segmentBy,
    // A column cannot be in both.
    orderBy: orderWithout(declared.layout.orderBy, segmentBy, time),
    chunkInterval: declared.layout.chunkInterval,
  });
  const smaller = (one: Trial, than: Trial): boolean =>
    readsLittle(one, declared) && one.columnBytes < than.columnBytes;
  const grow = async (from: Trial): Promise<Trial> => {
    const { segmentBy } = from.layout;
    const more = candidates.filter((name) => !segmentBy.includes(name));
    const next = await bestOf(
      from,
      more.map((name) => withSegments([...segmentBy, name])),
      measure,
      smaller,
    );
    return next === from ? from : grow(next);
  };
  // Two columns may help together where one alone does not, so there are several starts.
  const starts = [[], seriesOf(table, sample), candidates].map(withSegments);
  let best = await grow(declared);
  for (const start of starts) {
    const found = await grow(await measure(start));
    if (smaller(found, best)) best = found;
  }
  return best;
}

const orderWithout = (
  orderBy: readonly SortKey[],
  segmentBy: readonly string[],
  time: SortKey,
): readonly SortKey[] => {
  const left = orderBy.filter(({ column }) => !segmentBy.includes(column));
  return left.length > 0 ? left : [time];
};

// A column with one value divides nothing, and one with nearly as many values as rows leaves segments of a few rows.
function segmentColumns({ rows, chunks }: Trial, { groups }: Sample): readonly string[] {
  const perChunk = rows / Math.max(1, chunks);
  return [...groups]
    .filter(([, values]) => values > 1 && perChunk / values >= 10)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_COLUMNS)
    .map(([name]) => name);
}

/** By time alone, and by each of the two coarsest other columns before the time. */
function orders(table: Stored, { segmentBy }: Layout, { groups }: Sample): readonly (readonly SortKey[])[] {
  const time: SortKey = { column: table.time, descending: true };
  const others = [...groups]
    .filter(([name, values]) => values > 1 && !segmentBy.includes(name))
    .sort(([, a], [, b]) => a - b)
    .slice(0, 2);
  return [[time], ...others.map(([column]): SortKey[] => [{ column, descending: false }, time])];
}

const LENGTHS: readonly Duration[] = [
  '6 hours',
  '1 day',
  '7 days',
  '14 days',
  '30 days',
  '90 days',
  '1 year',
];

// Longer chunks make retention coarser, so they must save five percent of the rows more, and not only of what is left.
const WORTH_LONGER = 0.05;
const ABOUT_AS_MUCH = 0.01;

// Rows stay rows until their whole chunk is old enough, and memory should hold the newest chunk.
const MOST_HOT_BYTES = 1024 ** 3;

/** The shortest chunks that save about as much as the best: retention drops whole chunks, and only whole chunks are converted. */
async function bestInterval(
  table: Stored,
  columns: Trial,
  sample: Sample,
  measure: Measure,
  declared: Trial,
): Promise<Trial> {
  if (table.kind === 'aggregate') return columns;
  const span = (Date.parse(sample.to) - Date.parse(sample.from)) * 1_000;
  const bytesPerMicrosecond = (declared.rowBytes * sample.rows) / Math.max(1, span);
  const kept = table.retention === undefined ? Number.POSITIVE_INFINITY : lengthOf(table.retention);
  const present = lengthOf(columns.layout.chunkInterval);
  // Shorter chunks never save more.
  const lengths = LENGTHS.filter((length) => {
    const long = lengthOf(length);
    return long > present && long <= span && long <= kept / 4 && long * bytesPerMicrosecond <= MOST_HOT_BYTES;
  });
  const found: Trial[] = [];
  for (const chunkInterval of lengths) {
    const trial = await measure({ ...columns.layout, chunkInterval });
    if (trial.complete && readsLittle(trial, declared)) found.push(trial);
  }
  const least = Math.min(columns.columnBytes, ...found.map(({ columnBytes }) => columnBytes));
  const above = (one: Trial): number => (one.columnBytes - least) / declared.rowBytes;
  if (above(columns) < WORTH_LONGER) return columns;
  return found.find((one) => above(one) < ABOUT_AS_MUCH) ?? columns;
}

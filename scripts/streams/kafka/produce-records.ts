// The records of sample data for streams, in the order of their times, without an end.
import { UsageError } from '../../../db/core/errors';
import { groupBy } from '../../../db/core/group-by';
import { nameOf } from '../../../db/language/names';
import type { KafkaStream } from '../../../db/language/stream';
import { batches } from '../../generate/batches';
import { lastDays } from '../../generate/generate';
import type { SampleOptions, SampleSet } from '../../generate/sample';
import { sampleSets } from '../../generate/sets/sets';
import { type Cells, type MessageMaker, messageMaker, type SampleMessage } from './produce-message';

/** A message and its topic. */
export interface SampleRecord extends SampleMessage {
  readonly topic: string;
  readonly isPoison: boolean;
}

export interface RecordOptions {
  /** The same number gives the same records for the same end. */
  readonly seed: number;
  /** End of the times, exclusive. */
  readonly to: Date;
  /** Percentage of records that are broken. */
  readonly poison: number;
}

const DAYS = 7;
const INTERVAL_SECONDS = 300;
const SERIES = 500;

/**
 * Sample records of streams. When the seven days before the end are through, they begin again with the next seed, so that there are
 * always more and no time lies in the future.
 * @throws UsageError for a stream whose table has no sample data.
 */
export function sampleRecords(
  streams: readonly KafkaStream[],
  { seed, to, poison }: RecordOptions,
): Generator<SampleRecord> {
  // Found before the first record is asked for, so that a fault is told before anything is sent.
  const sources = groupBy(streams, (stream) => sampleSetOf(stream).name);
  const makers = new Map(streams.map((stream) => [stream.topic, messageMaker(stream)]));
  return records();

  function* records(): Generator<SampleRecord> {
    let count = 0;
    const next = (topic: string, cells: Cells): SampleRecord => {
      const { message, poisons } = makers.get(topic) as MessageMaker;
      const before = Math.floor((count * poison) / 100);
      count += 1;
      const isPoison = Math.floor((count * poison) / 100) > before;
      const kind = isPoison ? poisons[before % poisons.length] : undefined;
      return { topic, isPoison, ...message(cells, kind) };
    };
    for (let pass = 0; ; pass += 1) {
      const walks = [...sources].map(([name, own]) =>
        rows(sampleSets[name] as SampleSet, own, seed + pass, to),
      );
      while (walks.length > 0)
        for (const [at, walk] of [...walks.entries()].reverse()) {
          const step = walk.next();
          if (step.done) walks.splice(at, 1);
          else for (const { topic, cells } of step.value) yield next(topic, cells);
        }
    }
  }
}

function sampleSetOf({ topic, table }: KafkaStream): SampleSet {
  const set = Object.values(sampleSets).find(({ tables }) =>
    tables.some((each) => nameOf(each) === nameOf(table)),
  );
  if (set !== undefined) return set;
  throw new UsageError(
    `there is no sample data for ${nameOf(table)}, the table of topic ${topic}; name other topics with --topic`,
  );
}

/** The rows of some streams of a set, some thousands at a time. */
function* rows(
  set: SampleSet,
  streams: readonly KafkaStream[],
  seed: number,
  to: Date,
): Generator<readonly { readonly topic: string; readonly cells: Cells }[]> {
  const options: SampleOptions = {
    series: SERIES,
    intervalSeconds: INTERVAL_SECONDS,
    seed,
    gaps: 0,
    outliers: 0,
  };
  const wanted = streams.map((stream) => ({
    topic: stream.topic,
    at: set.tables.findIndex((table) => nameOf(table) === nameOf(stream.table)),
  }));
  for (const { lines } of batches(set, set.begin(options), options, lastDays(DAYS, INTERVAL_SECONDS, to)))
    yield wanted
      .flatMap(({ topic, at }) => cellsOf(lines[at] ?? '').map((cells) => ({ topic, cells })))
      // The time is the first column of every sample, written so that texts sort as times.
      .sort((a, b) => ((a.cells[0] ?? '') < (b.cells[0] ?? '') ? -1 : 1));
}

const cellsOf = (text: string): Cells[] =>
  text === ''
    ? []
    : text
        .slice(0, -1)
        .split('\n')
        .map((line) => line.split('\t').map(unescaped));

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

// The text format of COPY.
function unescaped(cell: string): string | null {
  if (cell === '\\N') return null;
  return cell.includes('\\') ? cell.replace(/\\(.)/g, (_, each: string) => ESCAPED[each] ?? each) : cell;
}

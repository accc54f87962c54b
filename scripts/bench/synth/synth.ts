// `npm run bench:synth`: how long the stacks take to be written, and in how much memory, against an app with nothing in it.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runner } from '../../run-to-exit';
import { childEnvironment, nodeCommand, type ProcessRun, timedProcess } from '../child-process';
import { inTurns } from '../in-turns';
import { counted, medianOf, number, rangeOf } from '../report/format';
import { type Measured, summarize, summarizeMemory, summarizeRatio } from '../report/statistics';

const ROOT = join(__dirname, '..', '..', '..');
/** As cdktf starts it. */
const STACKS = (JSON.parse(readFileSync(join(ROOT, 'cdktf.json'), 'utf8')) as { readonly app: string }).app;
const EMPTY = 'node --import tsx scripts/bench/synth/empty-app.ts';
const RUNS = 7;
const FIRST_RUNS = 5;
const MOST_TIMES = 1.5;
const MOST_TIMES_FIRST = 4;
const MOST_MEGABYTES = 200;

/** What was measured; memory is null where the system does not report it. */
export interface SynthReport {
  readonly stacks: Measured;
  readonly empty: Measured;
  readonly ratio: Measured;
  readonly peak: Measured | null;
}

/**
 * Measures both in turns, after one run of each that is thrown away because it also builds the program that the machine gets.
 * @param before what is done before each synthesis of the stacks
 * @throws DatabaseError with its last words when a run fails.
 */
export async function benchSynth(
  signal: AbortSignal,
  runs = RUNS,
  before = (): void => undefined,
): Promise<SynthReport> {
  const [stacks = [], empty = []] = await inTurns({ rounds: runs, signal }, [
    () => {
      before();
      return synthOnce(STACKS, signal);
    },
    () => synthOnce(EMPTY, signal),
  ]);
  const stackTimes = stacks.map(({ milliseconds }) => milliseconds);
  const emptyTimes = empty.map(({ milliseconds }) => milliseconds);
  return {
    stacks: summarize(stackTimes, 'ms'),
    empty: summarize(emptyTimes, 'ms'),
    ratio: summarizeRatio(stackTimes, emptyTimes),
    peak: summarizeMemory(stacks.map(({ peakBytes }) => peakBytes)),
  };
}

/** Removes what a start of the stacks has stored: the next one builds it, as after an installation of packages. */
function removeBundle(): void {
  const cache = join(ROOT, 'node_modules', '.cache');
  for (const folder of readdirSync(cache).filter((name) => name.startsWith('tsdb-start-')))
    for (const file of readdirSync(join(cache, folder)))
      if (file.startsWith('main.ts@')) rmSync(join(cache, folder, file));
}

/** One line for each figure, the limits beside theirs; `first` is of syntheses that also build their bundle. */
export function formatSynth({ stacks, empty, ratio, peak }: SynthReport, first: SynthReport): string {
  const line = (what: string, measured: Measured, most?: number) =>
    `${what.padEnd(14)} ${medianOf(measured).padStart(8)}  (${rangeOf(measured)})${most === undefined ? '' : ` ${verdict(measured, most)}`}`;
  return [
    line('all stacks', stacks),
    line('first time', first.stacks),
    line('empty app', empty),
    line('times as much', ratio, MOST_TIMES),
    line('  first time', first.ratio, MOST_TIMES_FIRST),
    ...(peak === null ? [] : [line('peak memory', peak, MOST_MEGABYTES)]),
    ...(first.peak === null ? [] : [line('  first time', first.peak, MOST_MEGABYTES)]),
    `medians of ${counted(stacks.runs, 'run')}, smallest and largest in brackets; the first time of ${counted(first.stacks.runs, 'run')}`,
  ].join('\n');
}

const verdict = ({ median, unit }: Measured, most: number): string =>
  `at most ${number(most)}${unit === '×' ? '×' : ` ${unit}`}: ${median <= most ? 'met' : 'not met'}`;

async function synthOnce(command: string, signal: AbortSignal): Promise<ProcessRun> {
  const outdir = mkdtempSync(join(tmpdir(), 'tsdb-synth-'));
  try {
    const env = childEnvironment(process.env, { CDKTF_OUTDIR: outdir });
    return await timedProcess(nodeCommand(command), { env, signal });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

if (require.main === module)
  void runner.untilSignal(async (signal) => {
    const later = await benchSynth(signal);
    const first = await benchSynth(signal, FIRST_RUNS, removeBundle);
    process.stdout.write(`${formatSynth(later, first)}\n`);
    return 0;
  });

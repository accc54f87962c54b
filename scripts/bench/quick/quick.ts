// npm run bench:quick [-- --record] [-- --json]: the ratios that speed is judged by, in a minute and a half, beside the recorded ones.
// It informs and never fails because of a figure.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeServer, serverFacts } from '../../../db/local/server-facts';
import { processEnvironment } from '../../../db/server/config';
import { connectionUrl, readContext } from '../../context';
import { note, paintFor, print, printJson, table } from '../../output';
import { runner } from '../../run-to-exit';
import { withDatabases } from '../databases';
import { loadNow, readMachine } from '../machine';
import { createObjects } from '../plan-size/plans';
import { machineLine, number } from '../report/format';
import { benchServers } from '../servers';
import { changeOf, changeText, type QuickRecord, type Ratio } from './lines';
import { ingest, planOfMany, prepareReads, type QuickRun, reads, SIZES, starts, synth } from './measures';

const RECORD = join(__dirname, 'record.json');

interface Flags {
  readonly record: boolean;
  readonly json: boolean;
  /** Sizes with which everything runs and the ratios mean nothing; for tests. */
  readonly tiny: boolean;
}

async function main({ record: write, json, tiny }: Flags, signal: AbortSignal): Promise<number> {
  const env = processEnvironment();
  const began = Date.now();
  const loadBefore = loadNow();
  const server = await benchServers(connectionUrl(readContext().config), env, note)[0]?.();
  if (server === undefined) return 1;
  try {
    const described = describeServer(await serverFacts(server.url), server.origin);
    const ratios = await measureAll(server.url, {
      env,
      signal,
      sizes: SIZES[tiny ? 'tiny' : 'usual'],
      onNote: note,
    });
    const { cpu, cores, node, ...rest } = readMachine();
    const now: QuickRecord = {
      format: 1,
      date: new Date().toISOString().slice(0, 10),
      commit: commitNow(),
      machine: { cpu, cores, node },
      server: described,
      ratios: Object.fromEntries(ratios.map(({ id, ratio }) => [id, Number(ratio.toPrecision(3))])),
    };
    const before = existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, 'utf8')) as QuickRecord) : undefined;
    const seconds = Math.round((Date.now() - began) / 1_000);
    if (json) printJson({ ...now, loadBefore, seconds, lines: ratios, recorded: before ?? null });
    else {
      print(`${described}; ${machineLine({ cpu, cores, node, ...rest })}; load ${number(loadBefore)} before`);
      printRatios(ratios, before, now);
      print(`\n${seconds} s. Ratios: how many times as fast, or as small, as what stands beside it.`);
    }
    if (write) writeFileSync(RECORD, `${JSON.stringify(now, null, 2)}\n`);
    return 0;
  } finally {
    await server.stop();
  }
}

/** In the order of the titles. */
function measureAll(address: string, run: QuickRun): Promise<readonly Ratio[]> {
  return withDatabases(address, run, async (use) => {
    const onDatabases = await use('year', (year) =>
      use('plan', async (many) => {
        // Nothing is timed yet, so both cores may work.
        const [{ desired }] = await Promise.all([
          createObjects(many, run.sizes.tables),
          prepareReads(year, run),
        ]);
        return [
          ...(await reads(year, run)),
          ...(await starts(year, run)),
          ...(await planOfMany(many, desired)),
        ];
      }),
    );
    const rows = await use('ingest', (url) => ingest(url, run));
    const all = [...onDatabases, ...rows, ...(await synth(run))];
    return all.sort((a, b) => Number.parseInt(a.title, 10) - Number.parseInt(b.title, 10));
  });
}

function printRatios(ratios: readonly Ratio[], before: QuickRecord | undefined, now: QuickRecord): void {
  const paint = paintFor(process.stdout);
  print(
    table(
      ['', 'measured', 'beside', 'ratio', 'recorded', ''],
      ratios.map((ratio) => {
        const change = changeOf(ratio, before, now.machine);
        return [
          ratio.title,
          ratio.ours,
          ratio.beside,
          `${number(ratio.ratio)}×`,
          change ? `${number(change.recorded)}×` : '',
          change ? (change.fell ? paint.red : paint.dim)(changeText(change)) : '',
        ];
      }),
    ),
  );
  if (before === undefined) print('\nNothing was recorded before; --record does it.');
  else
    print(
      `\nRecorded on ${before.date} at commit ${before.commit ?? 'unknown'}: ${before.server}; ${before.machine.cpu} (${before.machine.cores} cores), Node.js ${before.machine.node}. ▼ marks what fell by more than 15 %.`,
    );
}

function commitNow(): string | null {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: __dirname, encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

const flag = { type: 'boolean', default: false } as const;
const { values } = parseArgs({ options: { record: flag, json: flag, tiny: flag } });
void runner.untilSignal((signal) => main(values, signal));

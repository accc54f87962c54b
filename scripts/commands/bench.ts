// tsdb bench: what aggregates, ingest, columnstore and API are worth on this machine, side by side in one run.
import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf, UsageError } from '../../db/core/errors';
import { processEnvironment } from '../../db/server/config';
import { runBench } from '../bench/bench';
import { reportPage } from '../bench/page/page';
import { PARTS, type Part } from '../bench/report/report';
import { formatReport } from '../bench/report/terminal';
import { connectionUrl, readContext } from '../context';
import { note, paintFor, print, printJson } from '../output';

export interface BenchFlags {
  readonly days: number;
  readonly sensors: number;
  readonly interval: number;
  readonly rows: number;
  readonly repeat: number;
  /** Parts with commas between; all but growth when absent. */
  readonly only?: string;
  /** `true` without a name. */
  readonly html?: string | true;
  readonly budgets?: boolean;
  readonly json?: boolean;
}

const BUDGET_MISSED = 2;
const DEFAULT_PAGE = 'tsdb-bench.html';

/** Measures and reports. Exit code 0; with `--budgets` 2 when a budget was missed. */
export async function bench(flags: BenchFlags, signal: AbortSignal): Promise<number> {
  const { days, sensors, interval, rows, repeat } = flags;
  const parts = partsOf(flags.only);
  const page = pageOf(flags.html);
  const report = await runBench({
    options: { days, sensors, intervalSeconds: interval, rows, repeat, parts },
    configured: connectionUrl(readContext().config),
    env: processEnvironment(),
    command: commandOf(flags, parts),
    signal,
    onNote: note,
  });
  if (flags.json) printJson(report);
  else print(formatReport(report, paintFor(process.stdout)));
  if (page !== undefined) {
    writeFileSync(page, reportPage(report));
    note(`page: ${page}`);
  }
  const missed = report.budgets.filter(({ met }) => !met);
  if (missed.length === 0 || !flags.budgets) return 0;
  note(`budgets missed: ${missed.map(({ title, engine }) => `${title} (${engine})`).join('; ')}`);
  return BUDGET_MISSED;
}

function partsOf(only: string | undefined): readonly Part[] {
  // Growth takes as long as all other parts together.
  if (only === undefined) return PARTS.filter((part) => part !== 'growth');
  const wanted = [...new Set(only.split(',').map((name) => name.trim()))];
  const unknown = wanted.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0)
    throw new UsageError(
      `--only ${unknown.join(',')}: unknown part; choose from ${PARTS.join(', ')}, separated by commas`,
    );
  return PARTS.filter((part) => wanted.includes(part));
}

/** The page's path; looked at before anything is measured, not after. */
function pageOf(html: string | true | undefined): string | undefined {
  if (html === undefined) return undefined;
  const file = resolve(html === true ? DEFAULT_PAGE : html);
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
  return file;
}

const commandOf = (
  { days, sensors, interval, rows, repeat, only }: BenchFlags,
  parts: readonly Part[],
): string =>
  [
    'npm run tsdb -- bench',
    `--days ${days} --sensors ${sensors} --interval ${interval} --rows ${rows} --repeat ${repeat}`,
    ...(only === undefined ? [] : [`--only ${parts.join(',')}`]),
  ].join(' ');

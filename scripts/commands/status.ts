// tsdb status: is everything as declared, do the jobs run, how fresh are the aggregates, how much is stored.
import { invocation } from '../../db/core/invocation';
import { counted, shortBytes } from '../../db/core/quantities';
import { describeEngine } from '../../db/reconcile/format';
import { withConnection } from '../../db/server/connection';
import { isHealthy, readStatus, type Status, type TableStorage } from '../../db/upkeep/status';
import { readContext, requireConnection } from '../context';
import { paintFor, print, printJson, table } from '../output';

/** Prints the status. Exit code 0 when healthy, 2 when something needs a person. */
export async function status(flags: { readonly json?: boolean }): Promise<number> {
  const { config, desired } = readContext();
  const state = await withConnection(requireConnection(config), (db) => readStatus(db, desired));
  if (flags.json) printJson(state);
  else print(format(state));
  return isHealthy(state) ? 0 : 2;
}

function format(state: Status): string {
  const paint = paintFor(process.stdout);
  const jobs = state.jobs.map((job) => [
    job.job,
    job.state,
    job.lastFinished ?? '-',
    job.nextStart ?? '-',
    job.error ?? '',
  ]);
  return [
    `${describeEngine(state.server)}, database ${state.server.database}`,
    state.inSync
      ? paint.green('schema: in sync')
      : paint.red(`schema: ${counted(state.differences, 'difference')}, see "${invocation('plan')}"`),
    ...state.warnings.map((warning) => `${paint.red('warning')}  ${warning}`),
    '',
    table(['job', 'state', 'last finished', 'next start', 'error'], jobs),
    '',
    table(
      ['aggregate', 'stored up to'],
      state.aggregates.map(({ aggregate, watermark }) => [aggregate, watermark ?? 'no complete bucket yet']),
    ),
    '',
    table(['table', 'chunks', 'size', 'compressed', 'saved'], state.storage.map(storageRow)),
  ].join('\n');
}

function storageRow({ table: name, chunks, bytes, compressedChunks, savedPercent }: TableStorage): string[] {
  return [
    name,
    String(chunks),
    shortBytes(bytes),
    String(compressedChunks),
    savedPercent === null ? '-' : `${savedPercent} %`,
  ];
}

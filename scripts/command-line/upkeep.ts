// Commands that look after a database.
import type { Command } from 'commander';
import type { Runner } from '../run-to-exit';
import { whole } from './arguments';
import { load } from './load';

/** Adds refresh, compress, decompress, jobs, backup, restore. */
export function addUpkeepCommands(program: Command, { toEnd, untilSignal }: Runner): void {
  program.commandsGroup('Upkeep:');
  program
    .command('refresh [aggregate]')
    .description('compute buckets again, sources first; all aggregates without a name')
    .option('--from <time>', 'start, e.g. 2026-11-01T00:00:00Z')
    .option('--to <time>', 'end, exclusive')
    .option('--force', 'also what TimescaleDB believes to be fresh; engine postgres always computes all')
    .option('--batch <number>', 'buckets of one slice; each is committed by itself', whole(1, 1_000_000), 100)
    .option('--newest-first', 'stored buckets from the newest to the oldest')
    .option('--json', 'print one JSON document')
    .action((name, flags) => untilSignal((signal) => load.refresh().refresh(name, flags, signal)));
  program
    .command('compress [table]')
    .description('convert old chunks to the columnstore now; all declared columnstores without a name')
    .option('--older-than <age>', 'least age of a chunk, e.g. "7 days" (default: as declared)')
    .option('--dry-run', 'only show the chunks')
    .option('--json', 'print one JSON document')
    .action((name, flags) => untilSignal((signal) => load.compress().compress(name, flags, signal)));
  program
    .command('decompress <table>')
    .description('turn chunks of the columnstore back into rows')
    .requiredOption('--from <time>', 'start, e.g. 2026-11-01T00:00:00Z')
    .requiredOption('--to <time>', 'end, exclusive')
    .option('--dry-run', 'only show the chunks')
    .option('--json', 'print one JSON document')
    .action((name, flags) => untilSignal((signal) => load.compress().decompress(name, flags, signal)));
  program
    .command('jobs')
    .description('background work')
    .command('run')
    .description('run the jobs that are due, or check those that TimescaleDB runs; call it every minute')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.jobs().runJobs(flags)));
  program
    .command('backup')
    .description('write a verified dump of the database and its manifest into a folder')
    .requiredOption('--out <folder>', 'folder of the backups; made when missing')
    .option('--keep-days <number>', 'days after which older backups of it are removed', whole(1, 36_500), 30)
    .option('--json', 'print one JSON document')
    .action((flags) => untilSignal((signal) => load.backup().backup(flags, signal)));
  program
    .command('restore <file>')
    .description('restore a backup into a new or empty database, and prove that all rows are there')
    .option('--into <database>', 'name of the database (default: the configured one)')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON document')
    .action((file, flags) => untilSignal((signal) => load.restore().restore(file, flags, signal)));
}

// Commands that look after a database.
import type { Command } from 'commander';
import type { Runner } from '../run-to-exit';
import { collect, whole } from './arguments';
import { load } from './load';

/** Adds refresh, delete, compress, decompress, advise, jobs, backup, restore, move. */
export function addUpkeepCommands(program: Command, { toEnd, untilSignal }: Runner): void {
  program.commandsGroup('Upkeep:');
  program
    .command('refresh [aggregate]')
    .description('compute the buckets of one aggregate again, or of all aggregates, sources first')
    .option('--from <time>', 'start, e.g. 2026-11-01T00:00:00Z')
    .option('--to <time>', 'end (exclusive)')
    .option('--force', 'also compute what TimescaleDB considers up to date; engine postgres always does')
    .option(
      '--allow <hazards>',
      'loses-history: also compute buckets whose source rows are gone; what is stored of these rows is lost',
    )
    .option('--batch <number>', 'buckets per slice; each is committed separately', whole(1, 1_000_000), 100)
    .option('--newest-first', 'compute the stored buckets from the newest to the oldest')
    .option('--json', 'print one JSON document')
    .action((name, flags) => untilSignal((signal) => load.refresh().refresh(name, flags, signal)));
  program
    .command('delete <table>')
    .description('delete rows of a table, and what every aggregate holds of them')
    .requiredOption('--from <time>', 'start, e.g. 2026-11-01T00:00:00Z')
    .requiredOption('--to <time>', 'end (exclusive)')
    .option('--where <condition>', 'condition, e.g. sensor_id=sensor_001; can be repeated', collect, [])
    .option('--dry-run', 'only count the rows')
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'print one JSON document')
    .action((name, flags) => untilSignal((signal) => load.delete().deleteFrom(name, flags, signal)));
  program
    .command('compress [table]')
    .description('convert the old chunks of one table, or of all tables, to the columnstore now')
    .option('--older-than <age>', 'minimum age of a chunk, e.g. "7 days" (default: as declared)')
    .option('--dry-run', 'only list the chunks')
    .option('--json', 'print one JSON document')
    .action((name, flags) => untilSignal((signal) => load.compress().compress(name, flags, signal)));
  program
    .command('decompress <table>')
    .description('convert chunks of the columnstore back to rows')
    .requiredOption('--from <time>', 'start, e.g. 2026-11-01T00:00:00Z')
    .requiredOption('--to <time>', 'end (exclusive)')
    .option('--dry-run', 'only list the chunks')
    .option('--json', 'print one JSON document')
    .action((name, flags) => untilSignal((signal) => load.compress().decompress(name, flags, signal)));
  program
    .command('advise [tables...]')
    .description(
      'measure other columnstore layouts of declared tables on a sample of their rows, and propose the best; changes nothing',
    )
    .option('--rows <number>', 'maximum number of rows of a sample', whole(1_000, 10_000_000), 200_000)
    .option('--json', 'print one JSON document')
    .action((names, flags) => untilSignal((signal) => load.advise().advise(names, flags, signal)));
  program
    .command('jobs')
    .description('background jobs')
    .command('run')
    .description('run the jobs that are due, or check those that TimescaleDB runs; schedule it every minute')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.jobs().runJobs(flags)));
  program
    .command('backup')
    .description('write a verified dump of the database, with a manifest, to a folder')
    .requiredOption('--out <folder>', 'folder of the backups; it is created if it does not exist')
    .option('--keep-days <number>', 'days for which backups of this database are kept', whole(1, 36_500), 30)
    .option('--json', 'print one JSON document')
    .action((flags) => untilSignal((signal) => load.backup().backup(flags, signal)));
  program
    .command('restore <file>')
    .description('restore a backup into a new or empty database, and check that all rows are there')
    .option('--into <database>', 'name of the database (default: the configured one)')
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'print one JSON document')
    .action((file, flags) => untilSignal((signal) => load.restore().restore(file, flags, signal)));
  program
    .command('move')
    .description(
      'copy this live database to another one while writers go on, and cut over; run it again to continue',
    )
    .requiredOption(
      '--to <url>',
      'address of the other database, e.g. postgres://user:password@host:5432/name',
    )
    .option('--cut-over', 'let the writers wait, carry the last changes, and finish the move')
    .option(
      '--cut-over-limit <seconds>',
      'how long writers may wait; beyond it they go on, and it is tried again',
      whole(1, 3_600),
      10,
    )
    .option('--verify', 'compare every range once more while the writers wait')
    .option('--abort', 'end a move before its cut-over, and remove its triggers')
    .option('--status', 'only tell how far the move is')
    .option('--workers <number>', 'number of connections that copy at the same time', whole(1, 64), 2)
    .option('--yes', 'do not ask before the move begins')
    .option('--json', 'print one JSON document')
    .action((flags) => untilSignal((signal) => load.move().moveTo(flags, signal)));
}

#!/usr/bin/env -S npx tsx
// The command line: every command and flag in one place; the work is in scripts/commands/.
import { Command, InvalidArgumentError, Option } from 'commander';
import { ROLES } from '../api/access/keys';
import { apply } from './commands/apply';
import { backup } from './commands/backup';
import { importFile } from './commands/import';
import { runJobs } from './commands/jobs';
import { createKeyFor, printKeys, revokeKeyOf } from './commands/keys';
import { plan } from './commands/plan';
import { refresh } from './commands/refresh';
import { restore } from './commands/restore';
import { seedReadings } from './commands/seed';
import { serve } from './commands/serve';
import { status } from './commands/status';
import { up } from './commands/up';
import { outliveReaders, type Runner, runner } from './run-to-exit';

/** Wires every command; the runner carries one out. */
export function buildProgram({ toEnd, untilSignal }: Runner): Command {
  const program = new Command('tsdb')
    .description('TimescaleDB as code: plan, apply, serve, import.')
    .showHelpAfterError('(--help shows the flags)');
  program
    .command('up')
    .description('start the whole platform on this machine: database, schema, sample data, API and page')
    .option('--host <address>', 'address of the API', '127.0.0.1')
    .option('--port <number>', 'port of the API', whole(0, 65_535), 5000)
    .option('--days <number>', 'days of sample data on first start (default 30)', whole(1, 3_650))
    .option('--sensors <number>', 'sensors of the sample data', whole(1, 999), 10)
    .option('--interval <seconds>', 'seconds between two readings of a sensor', whole(1, 86_400), 60)
    .option(
      '--data <folder>',
      'data folder (default TSDB_DATA, else .tsdb); other commands find it by TSDB_DATA',
    )
    .option('--allow <hazards>', 'hazards of a changed schema to accept, with commas between')
    .option('--once', 'check the answers and exit')
    .action((flags) => untilSignal((signal) => up(flags, signal)));
  program
    .command('plan')
    .description('show what would change in the database, and what that does to data')
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(['text', 'json', 'markdown'])
        .default('text'),
    )
    .option('--json', 'the same as --format json')
    .option('--out <file>', 'save the plan for "apply FILE"')
    .option('--detailed-exitcode', 'exit 0 in sync, 2 changes, 3 refused, 1 error')
    .action((flags) => toEnd(() => plan(flags)));
  program
    .command('apply [file]')
    .description('make the database as declared, or carry out a saved plan')
    .option('--yes', 'do not ask')
    .option('--allow <hazards>', 'hazards to accept, with commas between')
    .option('--json', 'print one JSON document')
    .action((file, flags) => untilSignal((signal) => apply(file, flags, signal)));
  program
    .command('status')
    .description('is the schema in sync, do the jobs run, how fresh are the aggregates (exit 2 = look at it)')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => status(flags)));
  program
    .command('refresh [aggregate]')
    .description('compute buckets again, sources first; all aggregates without a name')
    .option('--from <time>', 'start, e.g. 2026-11-01T00:00:00Z')
    .option('--to <time>', 'end, exclusive')
    .option('--json', 'print one JSON document')
    .action((name, flags) => toEnd(() => refresh(name, flags)));
  program
    .command('jobs')
    .description('background work of engine postgres')
    .command('run')
    .description('run the jobs that are due; call it every minute')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => runJobs(flags)));
  program
    .command('seed')
    .description('generate sensor readings up to now')
    .option('--days <number>', 'days', whole(1, 3_650), 30)
    .option('--sensors <number>', 'sensors', whole(1, 999), 10)
    .option('--interval <seconds>', 'seconds between two readings of a sensor', whole(1, 86_400), 60)
    .option('--seed <number>', 'same number, same readings', whole(0, 4_294_967_295), 1)
    .action((flags) => untilSignal((signal) => seedReadings(flags, signal)));
  program
    .command('import <file>')
    .description('import a CSV file with a header, all of it or nothing')
    .requiredOption('--table <name>', 'declared hypertable')
    .option('--map <pairs>', 'column=field pairs with commas between; fields named like columns need none')
    .option('--set <column=value>', 'a constant for a column; may be repeated', collect, [])
    .option('--zone <name>', 'time zone of times without one', 'UTC')
    .option('--shift <interval>', 'added to each time, e.g. "15 years"', '0')
    .option(
      '--allow-expired',
      'take rows that retention will drop; the aggregates keep what they hold of them',
    )
    .option('--again', 'import a file that was imported before')
    .option('--json', 'print one JSON document')
    .action((file, flags) => toEnd(() => importFile(file, flags)));
  const keys = program.command('keys').description('keys of the API and its clients');
  keys
    .command('create')
    .description('make a key; it is printed this once')
    .requiredOption('--name <name>', 'whose key it is, for people')
    .addOption(
      new Option('--role <role>', 'what it may do; each role includes the ones before it')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--days <number>', 'days until it expires (default: never)', whole(1, 3_650))
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => createKeyFor(flags)));
  keys
    .command('list')
    .description('all keys, without what would let anybody use them')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => printKeys(flags)));
  keys
    .command('revoke <id>')
    .description('make a key useless, for good')
    .option('--json', 'print one JSON document')
    .action((id, flags) => toEnd(() => revokeKeyOf(id, flags)));
  program
    .command('backup')
    .description('write a verified dump of the database and its manifest into a folder')
    .requiredOption('--out <folder>', 'folder of the backups; made when missing')
    .option('--keep-days <number>', 'days after which older backups of it are removed', whole(1, 36_500), 30)
    .option('--json', 'print one JSON document')
    .action((flags) => untilSignal((signal) => backup(flags, signal)));
  program
    .command('restore <file>')
    .description('restore a backup into a new or empty database, and prove that all rows are there')
    .option('--into <database>', 'name of the database (default: the configured one)')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON document')
    .action((file, flags) => untilSignal((signal) => restore(file, flags, signal)));
  program
    .command('serve')
    .description('run the API and the page')
    .action(() => toEnd(() => serve()));
  return program;
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

if (require.main === module) {
  outliveReaders();
  void buildProgram(runner).parseAsync();
}

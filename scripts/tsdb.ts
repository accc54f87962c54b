#!/usr/bin/env -S npx tsx
// The command line: every command and flag in one place. The work is in scripts/commands/.
import { Command, InvalidArgumentError, Option } from 'commander';
import { ROLES } from '../api/access/keys';
import { EXPORT_FORMATS } from './export/format';
import { sampleSets } from './generate/sets';
import { COMPRESSIONS, CONFLICTS, FORMATS, TIME_FORMATS } from './import/options';
import { outliveReaders, type Runner, runner } from './run-to-exit';

// What one command needs is loaded when it runs: all of them together would cost each run 40 MB and half a second.
const load = {
  apply: () => require('./commands/apply') as typeof import('./commands/apply'),
  backup: () => require('./commands/backup') as typeof import('./commands/backup'),
  bench: () => require('./commands/bench') as typeof import('./commands/bench'),
  compress: () => require('./commands/compress') as typeof import('./commands/compress'),
  export: () => require('./commands/export') as typeof import('./commands/export'),
  import: () => require('./commands/import') as typeof import('./commands/import'),
  jobs: () => require('./commands/jobs') as typeof import('./commands/jobs'),
  keys: () => require('./commands/keys') as typeof import('./commands/keys'),
  logins: () => require('./commands/logins') as typeof import('./commands/logins'),
  plan: () => require('./commands/plan') as typeof import('./commands/plan'),
  refresh: () => require('./commands/refresh') as typeof import('./commands/refresh'),
  restore: () => require('./commands/restore') as typeof import('./commands/restore'),
  seed: () => require('./commands/seed') as typeof import('./commands/seed'),
  serve: () => require('./commands/serve') as typeof import('./commands/serve'),
  status: () => require('./commands/status') as typeof import('./commands/status'),
  up: () => require('./commands/up') as typeof import('./commands/up'),
};

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
    .action((flags) => untilSignal((signal) => load.up().up(flags, signal)));
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
    .action((flags) => toEnd(() => load.plan().plan(flags)));
  program
    .command('apply [file]')
    .description('make the database as declared, or carry out a saved plan')
    .option('--yes', 'do not ask')
    .option('--allow <hazards>', 'hazards to accept, with commas between')
    .option('--json', 'print one JSON document')
    .action((file, flags) => untilSignal((signal) => load.apply().apply(file, flags, signal)));
  program
    .command('status')
    .description('is the schema in sync, do the jobs run, how fresh are the aggregates (exit 2 = look at it)')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.status().status(flags)));
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
    .command('seed')
    .description('generate sample data up to now; the same command again continues where it ended')
    .option('--set <names>', `${Object.keys(sampleSets).join(', ')}; several with commas between`, 'iot')
    .option('--days <number>', 'days before the end at which it begins (default 30)', whole(1, 3_650))
    .option(
      '--sensors <number>',
      'number of series: sensors, symbols, endpoints, customers, devices (default 10)',
      whole(1, 999),
    )
    .option('--interval <seconds>', 'seconds between two rows of a series (default 60)', whole(1, 86_400))
    .option('--seed <number>', 'same number, same rows (default 1)', whole(0, 4_294_967_295))
    .option('--gaps <percent>', 'how much of the time a sensor is silent (default 0.5)', percent)
    .option('--outliers <percent>', 'readings with a value far out (default 0.1)', percent)
    .option('--to <time>', 'end, exclusive, e.g. 2026-11-01T00:00:00Z (default: now)')
    .option('--json', 'print one JSON document')
    .action((flags) => untilSignal((signal) => load.seed().seedSets(flags, signal)));
  program
    .command('import <file>')
    .description(
      'import CSV or NDJSON, also .gz and .zst, or - for standard input; an interrupted import goes on where it was (exit 2 = some rows were refused)',
    )
    .requiredOption('--table <name>', 'declared hypertable')
    .addOption(new Option('--format <format>', 'default: from the name, else csv').choices(FORMATS))
    .addOption(new Option('--compression <kind>', 'default: from the name, else none').choices(COMPRESSIONS))
    .option('--delimiter <character>', 'between the fields of CSV; "tab" for a tab', ',')
    .option('--columns <names>', 'fields of CSV that has no header, with commas between')
    .option('--map <pairs>', 'column=field pairs with commas between; fields named like columns need none')
    .option('--set <column=value>', 'a constant for a column; may be repeated', collect, [])
    .addOption(
      new Option('--time-format <format>', 'how the time column is written')
        .choices(TIME_FORMATS)
        .default('iso'),
    )
    .option('--zone <name>', 'time zone of times without one', 'UTC')
    .option('--shift <interval>', 'added to each time, e.g. "15 years"', '0')
    .option('--rejects <file>', 'where refused rows are written (default: <file>.rejects.ndjson)')
    .option(
      '--max-rejects <number>',
      'rows that may be refused and left out; with more nothing is imported',
      whole(0, 1_000_000_000),
      0,
    )
    .addOption(
      new Option('--on-conflict <action>', 'for a row whose unique key is there already')
        .choices(CONFLICTS)
        .default('fail'),
    )
    .option('--workers <number>', 'connections that write at a time', whole(1, 64), 2)
    .option('--id <name>', 'name of the import (default: a digest of the content and of how it is read)')
    .option('--dry-run', 'read, check and report; write nothing')
    .option(
      '--allow-expired',
      'take rows that retention will drop; the aggregates keep what they hold of them',
    )
    .option('--again', 'import what was imported before')
    .option('--json', 'print one JSON document')
    .action((file, flags) => untilSignal((signal) => load.import().importFile(file, flags, signal)));
  program
    .command('export <what>')
    .description('write a hypertable, an aggregate, figures or a query into a file, from one snapshot')
    .requiredOption('--out <file>', 'file to write, "-" for standard output')
    .addOption(
      new Option('--format <format>', 'default: as the name of the file says').choices(EXPORT_FORMATS),
    )
    .option('--from <time>', 'start, e.g. 2026-11-01T00:00:00Z')
    .option('--to <time>', 'end, exclusive')
    .option('--columns <names>', 'columns with commas between (default: all)')
    .option('--where <condition>', 'e.g. sensor_id=sensor_001; may be repeated', collect, [])
    .option('--bucket <width>', 'figures per bucket, e.g. 1h, from the cheapest source that is exact')
    .option('--field <figures>', 'with --bucket: e.g. avg(temperature),max(humidity) (default: count(*))')
    .option('--by <columns>', 'with --bucket: columns that tell series apart')
    .option('--sql', '<what> is a query that only reads')
    .option('--gzip', 'compress (a name with .gz does so by itself)')
    .option('--force', 'replace the file')
    .option('--json', 'print one JSON document about it')
    .action((what, flags) => untilSignal((signal) => load.export().exportData(what, flags, signal)));
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
    .action((flags) => toEnd(() => load.keys().createKeyFor(flags)));
  keys
    .command('list')
    .description('all keys, without what would let anybody use them')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.keys().printKeys(flags)));
  keys
    .command('revoke <id>')
    .description('make a key useless, for good')
    .option('--json', 'print one JSON document')
    .action((id, flags) => toEnd(() => load.keys().revokeKeyOf(id, flags)));
  program
    .command('logins')
    .description('make or correct the login roles of a deployment, with passwords from files')
    .requiredOption('--passwords <folder>', 'any of the files owner, app, monitoring, backup')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.logins().logins(flags)));
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
  program
    .command('bench')
    .description('measure aggregates, ingest, columnstore and API, side by side in databases of its own')
    .option('--days <number>', 'days of readings that the queries go over', whole(1, 3_650), 365)
    .option('--sensors <number>', 'sensors', whole(1, 999), 10)
    .option('--interval <seconds>', 'seconds between two readings of a sensor', whole(1, 86_400), 60)
    .option('--rows <number>', 'rows of one ingest measurement', whole(10, 10_000_000), 200_000)
    .option('--repeat <number>', 'measurements of each figure', whole(1, 1_000), 7)
    .option('--only <parts>', 'of queries, ingest, compression, api; with commas between')
    .option('--html [file]', 'also write a page (default name: tsdb-bench.html)')
    .option('--budgets', 'exit 2 when a budget is missed')
    .option('--json', 'print one JSON document')
    .action((flags) => untilSignal((signal) => load.bench().bench(flags, signal)));
  program
    .command('serve')
    .description('run the API and the page')
    .action(() => toEnd(() => load.serve().serve()));
  return program;
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function percent(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value <= 50) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 50.');
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

if (require.main === module) {
  outliveReaders();
  void buildProgram(runner).parseAsync();
}

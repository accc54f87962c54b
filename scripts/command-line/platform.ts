// Commands that run, open and measure the platform.
import { type Command, Option } from 'commander';
import { ROLES } from '../../api/access/keys';
import type { Runner } from '../run-to-exit';
import { whole } from './arguments';
import { load } from './load';

/** Adds up, serve, keys, logins, bench. */
export function addPlatformCommands(program: Command, { toEnd, untilSignal }: Runner): void {
  program.commandsGroup('Platform:');
  program
    .command('up')
    .description('start the whole platform on this machine: database, schema, sample data, API and page')
    .option('--host <address>', 'address of the API', '127.0.0.1')
    .option('--port <number>', 'port of the API', whole(0, 65_535), 5000)
    .option('--days <number>', 'days of sample data on first start (default 30); 0 = none', whole(0, 3_650))
    .option('--sensors <number>', 'sensors of the sample data', whole(1, 999), 10)
    .option('--interval <seconds>', 'seconds between two readings of a sensor', whole(1, 86_400), 60)
    .option(
      '--data <folder>',
      'data folder (default TSDB_DATA, else .tsdb); other commands find it by TSDB_DATA',
    )
    .option('--allow <hazards>', 'hazards of a changed schema to accept, with commas between')
    .option('--live', 'keep sample readings coming (default on a terminal)')
    .option('--no-live', 'write no readings after the start')
    .option('--once', 'check the answers and exit')
    .action((flags) => untilSignal((signal) => load.up().up(flags, signal)));
  program
    .command('serve')
    .description('run the API and the page')
    .option('--host <address>', 'address to listen on (default HOST, else 127.0.0.1)')
    .option(
      '--port <number>',
      'port to listen on (default PORT, else 5000); 0 = a free one',
      whole(0, 65_535),
    )
    .action((flags) => toEnd(() => load.serve().serve(flags)));
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
}

// Commands that run, open and measure the platform.
import { type Command, Option } from 'commander';
import { ROLES } from '../../api/access/keys';
import type { Runner } from '../run-to-exit';
import { whole } from './arguments';
import { load } from './load';

/** Adds up, serve, keys, logins, bench, size. */
export function addPlatformCommands(program: Command, { toEnd, untilSignal }: Runner): void {
  program.commandsGroup('Platform:');
  program
    .command('up')
    .description('start the whole platform on this machine: database, schema, sample data, API and page')
    .option('--host <address>', 'address that the API listens on', '127.0.0.1')
    .option('--port <number>', 'port that the API listens on', whole(0, 65_535), 5000)
    .option('--days <number>', 'days of sample data at first start (default 30); 0 = none', whole(0, 3_650))
    .option('--sensors <number>', 'number of sensors in the sample data', whole(1, 999), 10)
    .option('--interval <seconds>', 'seconds between two readings of a sensor', whole(1, 86_400), 60)
    .option(
      '--data <folder>',
      'data folder (default: TSDB_DATA, else .tsdb); set TSDB_DATA so that other commands find it',
    )
    .option('--allow <hazards>', 'comma-separated hazards of a changed schema to accept')
    .option('--live', 'keep adding sample readings (default on a terminal, unless DATABASE_URL is set)')
    .option('--no-live', 'add no sample readings after the start')
    .option('--kafka', 'also store the topics of the declared Kafka streams; set TSDB_KAFKA_BROKERS')
    .option('--once', 'check the answers of the API and exit; nothing is consumed')
    .action((flags) => untilSignal((signal) => load.up().up(flags, signal)));
  program
    .command('serve')
    .description('run the API and the page')
    .option('--host <address>', 'address to listen on (default: HOST, else 127.0.0.1)')
    .option(
      '--port <number>',
      'port to listen on (default: PORT, else 5000); 0 selects a free port',
      whole(0, 65_535),
    )
    .action((flags) => toEnd(() => load.serve().serve(flags)));
  const keys = program.command('keys').description('create, list and revoke the keys of the API');
  keys
    .command('create')
    .description('create a key and print it; it is not shown again')
    .requiredOption('--name <name>', 'name of the person or program that uses the key')
    .addOption(
      new Option('--role <role>', 'what the key allows; each role includes the roles before it')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--days <number>', 'days until the key expires (default: never)', whole(1, 3_650))
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.keys().createKeyFor(flags)));
  keys
    .command('list')
    .description('list all keys, without their secrets')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.keys().printKeys(flags)));
  keys
    .command('revoke <id>')
    .description('revoke a key permanently')
    .option('--json', 'print one JSON document')
    .action((id, flags) => toEnd(() => load.keys().revokeKeyOf(id, flags)));
  program
    .command('logins')
    .description('create or update the login roles of a deployment, with passwords from files')
    .requiredOption('--passwords <folder>', 'folder with any of the files owner, app, monitoring, backup')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.logins().logins(flags)));
  program
    .command('bench')
    .description('measure aggregates, ingest, columnstore and API on this machine, in temporary databases')
    .option('--days <number>', 'number of days of readings that the queries cover', whole(1, 3_650), 365)
    .option('--sensors <number>', 'number of sensors', whole(1, 999), 10)
    .option('--interval <seconds>', 'seconds between two readings of a sensor', whole(1, 86_400), 60)
    .option('--rows <number>', 'number of rows in one ingest measurement', whole(10, 10_000_000), 200_000)
    .option('--repeat <number>', 'number of measurements of each figure', whole(1, 1_000), 7)
    .option(
      '--only <parts>',
      'comma-separated parts: queries, ingest, compression, api, growth (default: all but growth)',
    )
    .option('--html [file]', 'also write an HTML page (default name: tsdb-bench.html)')
    .option('--budgets', 'exit with code 2 when a budget is missed')
    .option('--json', 'print one JSON document')
    .action((flags) => untilSignal((signal) => load.bench().bench(flags, signal)));
  program
    .command('size')
    .description(
      'predict disk, memory, chunk interval, processors and servers for a rate of rows; with DATABASE_URL from the rows that are stored there',
    )
    .requiredOption('--rows-per-second <number>', 'rows that arrive', whole(1, 100_000_000))
    .requiredOption('--keep <duration>', 'how long rows are kept, e.g. "90 days"')
    .option(
      '--bytes-per-row <number>',
      'bytes of a row with its indexes (default: computed)',
      whole(24, 1_000_000),
    )
    .option(
      '--series <number>',
      'number of series (default: one for each row of a minute)',
      whole(1, 1_000_000_000),
    )
    .option('--table <name>', 'declared hypertable (default: the first one)')
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.size().sizeFor(flags)));
}

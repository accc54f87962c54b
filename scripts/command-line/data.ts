// Commands that bring rows in and out.
import { type Command, Option } from 'commander';
import { EXPORT_FORMATS } from '../export/format';
import { SAMPLE_NAMES } from '../generate/sample';
import { COMPRESSIONS, CONFLICTS, FORMATS, TIME_FORMATS } from '../import/options';
import type { Runner } from '../run-to-exit';
import { collect, percent, whole } from './arguments';
import { load } from './load';

/** Adds seed, import, export. */
export function addDataCommands(program: Command, { untilSignal }: Runner): void {
  program.commandsGroup('Data in and out:');
  program
    .command('seed')
    .description('generate sample data up to now; the same command again continues where it ended')
    .option('--set <names>', `${SAMPLE_NAMES.join(', ')}; several with commas between`, 'iot')
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
    .option('--bucket <width>', 'figures per bucket, e.g. 1h or auto, from the cheapest source that is exact')
    .option('--field <figures>', 'with --bucket: e.g. avg(temperature),max(humidity) (default: count(*))')
    .option('--by <columns>', 'with --bucket: columns that tell series apart')
    .option('--sql', '<what> is a query that only reads')
    .option('--gzip', 'compress (a name with .gz does so by itself)')
    .option('--force', 'replace the file')
    .option('--json', 'print one JSON document about it')
    .action((what, flags) => untilSignal((signal) => load.export().exportData(what, flags, signal)));
}

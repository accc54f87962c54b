// Commands that bring rows in and out.
import { type Command, Option } from 'commander';
import { EXPORT_FORMATS } from '../export/format';
import { SAMPLE_NAMES } from '../generate/sample';
import {
  COMPRESSIONS,
  CONFLICTS,
  DECIMALS,
  ENCODINGS,
  FORMATS,
  LAYOUT_TOKENS,
  REPEATED_TIMES,
  TIME_FORMATS,
} from '../import/options';
import type { Runner } from '../run-to-exit';
import { collect, percent, whole } from './arguments';
import { load } from './load';

/** Adds seed, import, export. */
export function addDataCommands(program: Command, { untilSignal }: Runner): void {
  program.commandsGroup('Data in and out:');
  program
    .command('seed')
    .description('generate sample data up to now; run the same command again to continue')
    .option('--set <names>', `comma-separated sets to fill: ${SAMPLE_NAMES.join(', ')}`, 'iot')
    .option('--days <number>', 'days of data before the end (default 30)', whole(1, 3_650))
    .option(
      '--sensors <number>',
      'number of series: sensors, symbols, endpoints, customers or devices (default 10)',
      whole(1, 999),
    )
    .option('--interval <seconds>', 'seconds between two rows of a series (default 60)', whole(1, 86_400))
    .option('--seed <number>', 'the same number gives the same rows (default 1)', whole(0, 4_294_967_295))
    .option('--gaps <percent>', 'percentage of time in which a sensor is silent (default 0.5)', percent)
    .option('--outliers <percent>', 'percentage of readings with an extreme value (default 0.1)', percent)
    .option('--to <time>', 'end (exclusive), e.g. 2026-11-01T00:00:00Z (default: now)')
    .option('--json', 'print one JSON document')
    .action((flags) => untilSignal((signal) => load.seed().seedSets(flags, signal)));
  program
    .command('import <file>')
    .description(
      'import a CSV or NDJSON file, also .gz and .zst, or standard input (-); run the same command again to continue an interrupted import (exit code 2 = some rows were refused)',
    )
    .requiredOption('--table <name>', 'declared hypertable to write to')
    .addOption(new Option('--format <format>', 'default: from the file name, else csv').choices(FORMATS))
    .addOption(
      new Option('--compression <kind>', 'default: from the file name, else none').choices(COMPRESSIONS),
    )
    .addOption(
      new Option('--encoding <name>', 'default: as a byte order mark says, else utf-8').choices(ENCODINGS),
    )
    .option(
      '--delimiter <character>',
      'character between two CSV fields; "tab" for a tab (default: as a first line sep=; says, else a comma)',
    )
    .addOption(
      new Option(
        '--decimal <character>',
        'what stands before the decimals of CSV numbers (default: .)',
      ).choices(DECIMALS),
    )
    .option('--columns <names>', 'comma-separated field names of a CSV file without a header')
    .option(
      '--map <pairs>',
      'comma-separated column=field pairs; fields named like their column, but for case, need none',
    )
    .option('--set <column=value>', 'constant value for a column; can be repeated', collect, [])
    .option(
      '--melt <fields>',
      "comma-separated CSV fields, each of whose values becomes a row of its own; * stands for any text, e.g. 'temp_*'",
    )
    .option('--melt-name <column>', 'column that gets the name of a melted field')
    .option('--melt-value <column>', 'column that gets the value of a melted field')
    .option('--melt-prefix <text>', 'text that is left out at the start of the names, e.g. temp_')
    .addOption(
      new Option(
        '--time-format <format>',
        `format of the time column: ${TIME_FORMATS.join(', ')}, or a layout such as 'DD.MM.YYYY HH:mm' of ${LAYOUT_TOKENS}; column=format for another column; can be repeated`,
      )
        .argParser(collect)
        .default([], 'iso, which is ISO 8601'),
    )
    .option('--zone <name>', 'IANA time zone of times that contain none', 'UTC')
    .addOption(
      new Option(
        '--repeated-times <which>',
        'which instant a local time means that the clocks showed twice (default: refuse)',
      ).choices(REPEATED_TIMES),
    )
    .option('--shift <interval>', 'interval that is added to each time, e.g. "15 years"', '0')
    .option('--rejects <file>', 'file for the refused rows (default: <file>.rejects.ndjson)')
    .option(
      '--max-rejects <number>',
      'maximum number of refused rows to leave out; if there are more, nothing is imported',
      whole(0, 1_000_000_000),
      0,
    )
    .addOption(
      new Option('--on-conflict <action>', 'what to do with a row whose unique key is already in the table')
        .choices(CONFLICTS)
        .default('fail'),
    )
    .option('--workers <number>', 'number of connections that write at the same time', whole(1, 64), 2)
    .option('--id <name>', 'name of the import (default: a digest of the content and how it is read)')
    .option(
      '--preview',
      'show how the file would be read, its first rows as they would be stored, and the command to run; write nothing (exit code 2 = something is to be decided)',
    )
    .option('--dry-run', 'read, check and report, but write nothing')
    .option(
      '--allow-expired',
      'also import rows that retention will drop; only the aggregates keep their values',
    )
    .option('--again', 'import a file that has already been imported')
    .option('--json', 'print one JSON document')
    .action((file, flags) => untilSignal((signal) => load.import().importFile(file, flags, signal)));
  program
    .command('export <what>')
    .description('write a hypertable, an aggregate, figures or a query result to a file, from one snapshot')
    .requiredOption('--out <file>', 'file to write; "-" for standard output')
    .addOption(new Option('--format <format>', 'default: from the file name').choices(EXPORT_FORMATS))
    .option('--from <time>', 'start, e.g. 2026-11-01T00:00:00Z')
    .option('--to <time>', 'end (exclusive)')
    .option('--columns <names>', 'comma-separated columns (default: all)')
    .option('--where <condition>', 'condition, e.g. sensor_id=sensor_001; can be repeated', collect, [])
    .option('--bucket <width>', 'figures per bucket (e.g. 1h or auto), from the cheapest exact source')
    .option('--field <figures>', 'with --bucket: e.g. avg(temperature),max(humidity) (default: count(*))')
    .option('--by <columns>', 'with --bucket: comma-separated columns that distinguish the series')
    .option('--sql', '<what> is a read-only query')
    .option('--gzip', 'compress the file (also done when the file name ends with .gz)')
    .option('--force', 'replace an existing file')
    .option('--json', 'print one JSON document about the export')
    .action((what, flags) => untilSignal((signal) => load.export().exportData(what, flags, signal)));
}

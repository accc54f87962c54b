// Commands of the declared schema.
import { type Command, Option } from 'commander';
import type { Runner } from '../run-to-exit';
import { load } from './load';

/** Adds plan, apply, status, new set. */
export function addSchemaCommands(program: Command, { toEnd, untilSignal }: Runner): void {
  program.commandsGroup('Schema:');
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
    .command('new')
    .description('write declarations to start from')
    .command('set <name>')
    .description('write db/schema/NAME.ts with a hypertable and an aggregate, and register the set')
    .action((name) => toEnd(() => load.newSet().newSet(name)));
}

// Commands of the declared schema.
import { type Command, Option } from 'commander';
import type { Runner } from '../run-to-exit';
import { load } from './load';

/** Adds plan, apply, status, new set. */
export function addSchemaCommands(program: Command, { toEnd, untilSignal }: Runner): void {
  program.commandsGroup('Schema:');
  program
    .command('plan')
    .description('show what would change in the database, and what this would do to its data')
    .addOption(
      new Option('--format <format>', 'output format').choices(['text', 'json', 'markdown']).default('text'),
    )
    .option('--json', 'the same as --format json')
    .option('--sql', 'show the SQL of each step in the text')
    .option('--prune', 'also drop what an apply has created and no selected set declares any more')
    .option('--out <file>', 'save the plan for "tsdb apply FILE"')
    .option('--detailed-exitcode', 'exit code 0 = in sync, 2 = changes, 3 = refused, 1 = error')
    .action((flags) => toEnd(() => load.plan().plan(flags)));
  program
    .command('apply [file]')
    .description('change the database to match the declaration, or carry out a saved plan')
    .option('--yes', 'do not ask for confirmation')
    .option('--allow <hazards>', 'comma-separated hazards to accept')
    .option('--prune', 'also drop what an apply has created and no selected set declares any more')
    .option('--sql', 'show the SQL of each step')
    .option('--json', 'print one JSON document')
    .action((file, flags) => untilSignal((signal) => load.apply().apply(file, flags, signal)));
  program
    .command('status')
    .description(
      'show whether the schema is in sync, whether the jobs run, and how fresh the aggregates are (exit code 2 = something needs attention)',
    )
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.status().status(flags)));
  program
    .command('new')
    .description('create a declaration to start from')
    .command('set <name>')
    .description('write db/schema/NAME.ts with a hypertable and an aggregate, and register the set')
    .action((name) => toEnd(() => load.newSet().newSet(name)));
}

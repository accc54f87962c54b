#!/usr/bin/env -S npx tsx
// The command line. Commands and flags are in scripts/command-line/, their work is in scripts/commands/.
import { Command } from 'commander';
import { version } from '../package.json';
import { addClusterCommands } from './command-line/cluster';
import { addDataCommands } from './command-line/data';
import { addPlatformCommands } from './command-line/platform';
import { addSchemaCommands } from './command-line/schema';
import { addStreamCommands } from './command-line/streams';
import { addUpkeepCommands } from './command-line/upkeep';
import { outliveReaders, type Runner, runner } from './run-to-exit';

/** Wires every command; the runner carries one out. */
export function buildProgram(runs: Runner): Command {
  const program = new Command('tsdb')
    .description('TimescaleDB as code: plan, apply, serve, import.')
    .version(version)
    .showHelpAfterError('(--help shows the flags)');
  addPlatformCommands(program, runs);
  addSchemaCommands(program, runs);
  addDataCommands(program, runs);
  addStreamCommands(program, runs);
  addUpkeepCommands(program, runs);
  addClusterCommands(program, runs);
  return program;
}

if (require.main === module) {
  outliveReaders();
  void buildProgram(runner).parseAsync();
}

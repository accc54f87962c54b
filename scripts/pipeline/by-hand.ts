// `npm run deploy -- [STACK…]` and `npm run destroy -- [STACK…]`: the stages of the pipeline, run by a person who reads each
// plan and answers a question. Terraform runs as in the pipeline, so that Ctrl-C loses nothing.
import { Command } from 'commander';
import { UsageError } from '../../db/core/errors';
import { processEnvironment } from '../../db/server/config';
import { ask, confirm } from '../confirm';
import { outliveReaders, type Runner, runner } from '../run-to-exit';
import { deploy } from './deploy';
import { destroy } from './destroy';
import { allowOption } from './options';
import { listOf, type StackRun } from './stage';
import { synthesisedStacks } from './synth';

interface DeployOptions {
  readonly yes?: true;
  readonly expect?: string;
  readonly allow: readonly string[];
}

/** Wires both commands; the runner carries one out. Exit codes as of the pipeline. */
export function buildByHand({ untilSignal }: Runner): Command {
  const program = new Command('npm run')
    .usage('deploy|destroy -- [options] [stacks...]')
    .showHelpAfterError('(--help shows the flags)');
  const stacksGiven = 'in any order (default TSDB_DEPLOY_STACKS)';
  program
    .command('deploy')
    .description('plan each stack, show the plan, ask, and carry out exactly that plan')
    .argument('[stacks...]', stacksGiven)
    .addOption(allowOption())
    .option('--yes', 'do not ask')
    .option('--expect <fingerprints>', 'do not ask about these plans, one for each stack; refuse others')
    .action((named: readonly string[], { yes, expect, allow }: DeployOptions) =>
      untilSignal(async (signal) => {
        if (!yes && expect === undefined)
          requireTerminal('read the plan with "npm run pipeline:plan", then add --yes');
        const { stacks, run } = await prepare(named, signal);
        const agree = (stack: string) =>
          confirm(`\nType "yes" to deploy stack ${stack}: `, signal, terminal());
        return deploy(
          {
            stacks,
            allow,
            ...(expect === undefined ? {} : { expect }),
            ...(yes || expect !== undefined ? {} : { agree }),
          },
          run,
        );
      }),
    );
  program
    .command('destroy')
    .description('plan the removal of each stack with its data, show the plan, ask, and carry it out')
    .argument('[stacks...]', stacksGiven)
    .option('--confirm <name-environment>', 'do not ask: this deployment is meant, e.g. pr12-dev')
    .action((named: readonly string[], { confirm: typed }: { readonly confirm?: string }) =>
      untilSignal(async (signal) => {
        if (!typed) requireTerminal('add --confirm with name and environment of the deployment');
        const { stacks, run } = await prepare(named, signal);
        return destroy(
          { stacks, confirm: typed || ((question) => ask(`\n${question}`, signal, terminal())) },
          run,
        );
      }),
    );
  return program;
}

const terminal = () => ({ input: process.stdin, output: process.stderr });

function requireTerminal(wayOut: string): void {
  if (process.stdin.isTTY === true) return;
  throw new UsageError(`nobody can be asked, because standard input is not a terminal; ${wayOut}`);
}

async function prepare(
  named: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly stacks: readonly string[]; readonly run: StackRun }> {
  const env = processEnvironment();
  const stacks = named.length > 0 ? named : listOf(env.TSDB_DEPLOY_STACKS ?? '');
  if (stacks.length === 0)
    throw new UsageError('name the stacks, for example "npm run deploy -- azure", or set TSDB_DEPLOY_STACKS');
  const { folderOf, inOrder } = synthesisedStacks({ env, signal });
  return { stacks: await inOrder(stacks), run: { env, signal, folderOf } };
}

if (require.main === module) {
  outliveReaders();
  void buildByHand(runner).parseAsync();
}

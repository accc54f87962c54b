// The stages of the pipeline, one command each: the same on a laptop, in GitHub Actions and in Azure Pipelines. Settings of the
// environment and flags go in; Markdown, values for later stages and an exit code come out.
// - `synth`, `plan`, `deploy`, `rollout`, `drift`, `destroy`: the stages; `schema/` and `smoke/` have the two others
// - `terraform/`: plans and applies one stack, and refuses what takes data away; `stack-plan`: how all stages use it
// - `by-hand`: `npm run deploy` and `npm run destroy`, the two stages run by a person
// - `stage`: what each stage is given; `ci-host`: where results go; `cloud-login`: the login that Terraform gets
// - `child`: runs other programs; `folder-difference`: compares two syntheses
import { Command, InvalidArgumentError, Option } from 'commander';
import { processEnvironment } from '../../db/server/config';
import { outliveReaders, type Runner, runner } from '../run-to-exit';
import { deploy } from './deploy';
import { deployed } from './deployed';
import { destroy } from './destroy';
import { drift, PARTS } from './drift';
import { allowOption } from './options';
import { plan } from './plan';
import { rollout } from './rollout';
import { scan } from './scan/scan';
import { schemaPlan } from './schema/schema-plan';
import { smoke } from './smoke/smoke';
import { listOf, type StackRun, stacksOf } from './stage';
import { synthesisedStacks, synthTwice } from './synth';

/** Wires every stage; the runner carries one out. Exit codes as of `tsdb`: 1 wrong, 2 differences, 3 refused. */
export function buildPipeline({ untilSignal }: Runner): Command {
  const stage = (work: (run: StackRun) => Promise<number>): Promise<void> =>
    untilSignal((signal) => {
      const run = { env: processEnvironment(), signal };
      return work({ ...run, folderOf: synthesisedStacks(run).folderOf });
    });
  const program = new Command('pipeline')
    .description('The stages of the pipeline. docs/pipeline.md says what each needs.')
    .showHelpAfterError('(--help shows the flags)');
  program
    .command('synth')
    .description('write the stacks as Terraform, twice, and compare byte by byte')
    .action(() => stage(synthTwice));
  program
    .command('scan')
    .description('let public scanners look at stacks, workflows and shell scripts')
    .option('--all', 'fail when a scanner is not installed')
    .action((flags) => stage((run) => scan(flags, run)));
  const onStack = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option(
        '--stack <names>',
        'stacks with commas between, as they are deployed (default TSDB_DEPLOY_STACKS, else azure)',
        listOf,
        [],
      );
  const onStacks =
    <Flags extends { readonly stacks: readonly string[] }>(
      work: (flags: Flags, run: StackRun) => Promise<number>,
    ) =>
    (flags: Flags & { readonly stack: readonly string[] }) =>
      stage((run) => work({ ...flags, stacks: stacksOf(flags.stack, run) }, run));
  const out = '--out <file>';
  onStack('plan', 'what would change in the infrastructure, as Markdown')
    .addOption(allowOption())
    .addOption(
      new Option(
        '--refresh <yes|no>',
        'look at what is there; "no" trusts the state, and needs nothing but it',
      )
        .choices(['yes', 'no'])
        .default('yes'),
    )
    .option(out, 'also write it to a file')
    .action(onStacks(plan));
  program
    .command('schema')
    .description('what would change in the database, as Markdown')
    .option('--base <commit>', 'compare with the schema of a commit instead of a database')
    .option(out, 'also write it to a file')
    .action((flags) => stage((run) => schemaPlan(flags, run)));
  onStack('deploy', 'plan, check, and carry out exactly that plan')
    .addOption(allowOption())
    .option(
      '--expect <fingerprint>',
      'the plan that was approved, another one is refused; "any" (default): there was no approval',
    )
    .option(out, 'also write the plan to a file')
    .action(onStacks(deploy));
  onStack('rollout', 'wait until what a stack runs in a cluster is up, or say why it is not').action(
    onStacks(rollout),
  );
  program
    .command('smoke')
    .description('ask the deployed API a few questions')
    .option('--url <url>', 'address of the API (default TSDB_API_URL)')
    .option('--ca <pem>', 'authority of its certificate: PEM, its base64, or a file (default TSDB_API_CA)')
    .option('--servername <name>', 'name in its certificate (default TSDB_API_SERVERNAME, else the host)')
    .option('--wait <seconds>', 'how long it may take to get ready', seconds, 0)
    .action((flags) => stage((run) => smoke(flags, run)));
  onStack('drift', 'is what runs still what is declared (exit 2 = no)')
    .addOption(new Option('--only <part>', 'look at one part only').choices(PARTS))
    .action(onStacks(drift));
  onStack('deployed', 'is there anything that could be destroyed?').action(onStacks(deployed));
  onStack('destroy', 'take a short-lived deployment away, with its data')
    .requiredOption('--confirm <name-environment>', 'the deployment that is meant, e.g. pr12-dev')
    .option(out, 'also write the plan to a file')
    .action(onStacks(destroy));
  return program;
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 3_600) return value;
  throw new InvalidArgumentError('It must be a whole number from 0 to 3600.');
}

if (require.main === module) {
  outliveReaders();
  void buildPipeline(runner).parseAsync();
}

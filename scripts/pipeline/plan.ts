// pipeline plan: what would change in the infrastructure, as Markdown; refuses what takes data away without consent.
import { type CiHost, ciHost } from './ci-host';
import { type StackRun, titleOf } from './stage';
import { dataLosses, guard } from './terraform/plan-guard';
import { formatInfrastructurePlan } from './terraform/plan-markdown';
import { withPlan } from './terraform/terraform';

/** Which plan, and what it may take away. */
export interface PlanFlags {
  /** In the order in which they are deployed. */
  readonly stacks: readonly string[];
  /** Addresses of resources that hold data and may go. */
  readonly allow: readonly string[];
  /** `no` compares with the stored state, which is faster and reads no resource. */
  readonly refresh?: 'yes' | 'no';
  /** A file for the Markdown. */
  readonly out?: string;
}

/** Publishes the plans and passes their fingerprints on, with commas between. Exit code 0, changes or not. */
export async function plan(flags: PlanFlags, run: StackRun): Promise<number> {
  const host = ciHost(run.env);
  const fingerprints: string[] = [];
  for (const stack of flags.stacks) fingerprints.push(await planStack(stack, flags, host, run));
  host.pass('fingerprint', fingerprints.join(','));
  return 0;
}

async function planStack(
  stack: string,
  { allow, out, refresh }: PlanFlags,
  host: CiHost,
  run: StackRun,
): Promise<string> {
  return withPlan(
    await run.folderOf(stack),
    { mode: 'apply', lock: 'leave', refresh: refresh !== 'no' },
    run,
    async ({ plan: made }) => {
      const losses = dataLosses(made);
      // The plan is published before the guard, because people have to read a plan that is refused.
      host.publish(
        formatInfrastructurePlan({ title: titleOf('Plan', stack, run), plan: made, losses, allowed: allow }),
        out,
      );
      guard(losses, allow);
      return made.fingerprint;
    },
  );
}

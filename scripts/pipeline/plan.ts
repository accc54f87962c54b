// pipeline plan: what would change in the infrastructure, as Markdown; refuses what takes data away without consent.
import { ciHost } from './ci-host';
import { withStackPlan } from './stack-plan';
import type { StackRun } from './stage';

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
export async function plan({ stacks, allow, refresh, out }: PlanFlags, run: StackRun): Promise<number> {
  const host = ciHost(run.env);
  const isOneOfSeveral = stacks.length > 1;
  const refreshed = { refresh: refresh !== 'no', host, out };
  const shared = { purpose: 'Plan', allowed: allow, isOneOfSeveral, ...refreshed } as const;
  const fingerprints: string[] = [];
  for (const stack of stacks)
    fingerprints.push(await withStackPlan({ ...shared, stack }, run, async (made) => made.plan.fingerprint));
  host.pass('fingerprint', fingerprints.join(','));
  return 0;
}

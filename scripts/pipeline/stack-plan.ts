// Plans one stack and publishes the plan, as every stage does that works on infrastructure.
import { requireKubeConfig } from '../rollout/access';
import type { CiHost } from './ci-host';
import { deploymentOf, type StackRun } from './stage';
import { dataLosses, guard } from './terraform/plan-guard';
import { formatInfrastructurePlan } from './terraform/plan-markdown';
import { type SavedPlan, withPlan } from './terraform/terraform';

/** A plan that is not carried out takes no lock, so its login needs no right to write, and it blocks nobody. */
const PURPOSES = {
  Plan: { mode: 'apply', lock: 'leave' },
  Drift: { mode: 'apply', lock: 'leave' },
  Deployment: { mode: 'apply', lock: 'take' },
  Removal: { mode: 'destroy', lock: 'take' },
} as const;

export interface StackPlanProps {
  /** Begins the title of the page. */
  readonly purpose: keyof typeof PURPOSES;
  readonly stack: string;
  /** Addresses of resources that hold data and may go. */
  readonly allowed: readonly string[] | 'all';
  /** The same consent is for other stacks as well, so an address may be one of theirs. */
  readonly isOneOfSeveral?: boolean;
  /** Whether each resource is read first; yes unless said otherwise. */
  readonly refresh?: boolean;
  readonly host: CiHost;
  /** A file for the page. */
  readonly out?: string | undefined;
}

/**
 * Passes the plan to `use`.
 * @throws RefusedError when the plan takes data away without consent. Drift is only reported.
 */
export async function withStackPlan<T>(
  { purpose, stack, allowed, isOneOfSeveral = false, refresh = true, host, out }: StackPlanProps,
  run: StackRun,
  use: (saved: SavedPlan) => Promise<T>,
): Promise<T> {
  const folder = await run.folderOf(stack);
  if (refresh) requireKubeConfig(folder);
  return withPlan(folder, { ...PURPOSES[purpose], refresh }, run, async (saved) => {
    const { plan } = saved;
    const losses = dataLosses(plan);
    const addresses = losses.map(({ change }) => change.address);
    const given = allowed === 'all' ? addresses : allowed;
    const consent = isOneOfSeveral ? given.filter((address) => addresses.includes(address)) : given;
    const title = `${purpose} for stack ${stack} of ${deploymentOf(run)}`;
    // The plan is published before the guard, because people have to read a plan that is refused.
    host.publish(formatInfrastructurePlan({ title, plan, losses, allowed: consent }), out);
    if (purpose !== 'Drift') guard(losses, consent);
    return use(saved);
  });
}

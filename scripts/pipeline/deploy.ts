// pipeline deploy: plans again, makes sure that this is what was approved, and carries out exactly that plan.
import { RefusedError } from '../../db/core/errors';
import { counted } from '../../db/core/quantities';
import { note } from '../output';
import { ciHost } from './ci-host';
import { passOutputs } from './passed-outputs';
import type { PlanFlags } from './plan';
import { waitForStack } from './rollout';
import { withStackPlan } from './stack-plan';
import { listOf, type StackRun } from './stage';
import { countsOf } from './terraform/plan-markdown';
import type { InfrastructurePlan } from './terraform/plan-model';

export interface DeployFlags extends PlanFlags {
  /**
   * Fingerprints of the plans that were approved, one for each stack. Without this, or with `any`, any plan that the guard lets
   * pass is carried out. An empty text is an approval that was lost on its way.
   */
  readonly expect?: string;
  /** Asks about a plan that was shown, unless it has nothing to do. Without it nobody is asked. */
  readonly agree?: (stack: string) => Promise<boolean>;
}

/** In place of fingerprints: nobody has approved a plan. */
const ANY = 'any';

/**
 * Deploys one stack after the other, passes the address of the API on, and makes sure that what the stack runs is up, also when
 * there was nothing to change. It ends at the first failure; stacks before that one stay deployed.
 * @throws RefusedError when the plan is not the approved one, or takes data away without consent.
 */
export async function deploy(
  { stacks, allow, expect = ANY, out, agree }: DeployFlags,
  run: StackRun,
): Promise<number> {
  const host = ciHost(run.env);
  const approved = expect === ANY ? undefined : listOf(expect);
  if (approved?.length === 0)
    throw new RefusedError(
      'it is not known which plan was approved: the fingerprint is empty; run the pipeline again from its stage plan',
    );
  if (approved !== undefined && approved.length !== stacks.length)
    throw new RefusedError(
      `the approval is for ${counted(approved.length, 'plan')}, and the deployment is of ${counted(stacks.length, 'stack')} (${stacks.join(', ')}); plan and deploy with the same TSDB_DEPLOY_STACKS`,
    );
  const isOneOfSeveral = stacks.length > 1;
  const shared = { purpose: 'Deployment', allowed: allow, isOneOfSeveral, host, out } as const;
  for (const [at, stack] of stacks.entries())
    await withStackPlan({ ...shared, stack }, run, async (saved) => {
      requireApproved(saved.plan, approved?.[at]);
      note(countsOf(saved.plan));
      if (agree !== undefined && hasWork(saved.plan) && !(await agree(stack)))
        throw new RefusedError(`stack ${stack} stays as it is, because you did not agree`);
      await saved.apply();
      const outputs = await saved.outputs();
      passOutputs(outputs, host);
      await waitForStack({ stack, outputs }, run);
    });
  return 0;
}

const hasWork = ({ changes, outputs }: InfrastructurePlan): boolean =>
  changes.length > 0 || outputs.length > 0;

function requireApproved({ fingerprint }: InfrastructurePlan, expected: string | undefined): void {
  if (expected === undefined || expected === fingerprint) return;
  throw new RefusedError(
    `this plan is not the approved one: its fingerprint is ${fingerprint.slice(0, 16)}, approved was ${expected.slice(0, 16)}; something changed in between, so run the pipeline again and approve the new plan`,
  );
}

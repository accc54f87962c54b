// pipeline deploy: plans again, makes sure that this is what was approved, and carries out exactly that plan.
import { RefusedError } from '../../db/errors';
import { note } from '../output';
import { ciHost } from './ci-host';
import type { PlanFlags } from './plan';
import { dataLosses, guard } from './plan-guard';
import { countsOf, formatInfrastructurePlan } from './plan-markdown';
import type { InfrastructurePlan } from './plan-model';
import { type StackRun, titleOf } from './stage';
import { withPlan } from './terraform';

export interface DeployFlags extends PlanFlags {
  /** Fingerprint of the plan that was approved; without it, or when it is empty, any plan that the guard lets pass is carried out. */
  readonly expect?: string;
}

/** The output of a stack that says where its API answers. */
const API_URL = 'api_url';

/**
 * Deploys a stack and passes the address of its API on.
 * @throws RefusedError when the plan is not the approved one, or takes data away without consent.
 */
export async function deploy({ stack, allow, out, expect }: DeployFlags, run: StackRun): Promise<number> {
  const host = ciHost(run.env);
  return withPlan(await run.folderOf(stack), { mode: 'apply', lock: 'take' }, run, async (saved) => {
    const losses = dataLosses(saved.plan);
    host.publish(
      formatInfrastructurePlan({
        title: titleOf('Deployment', stack, run),
        plan: saved.plan,
        losses,
        allowed: allow,
      }),
      out,
    );
    guard(losses, allow);
    requireApproved(saved.plan, expect);
    note(countsOf(saved.plan));
    await saved.apply();
    const url = (await saved.outputs())[API_URL];
    if (url) host.pass(API_URL, url);
    return 0;
  });
}

function requireApproved({ fingerprint }: InfrastructurePlan, expected: string | undefined): void {
  if (!expected || expected === fingerprint) return;
  throw new RefusedError(
    `this plan is not the approved one: its fingerprint is ${fingerprint.slice(0, 16)}, approved was ${expected.slice(0, 16)}; something changed in between, so run the pipeline again and approve the new plan`,
  );
}

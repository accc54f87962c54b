// pipeline deploy: plans again, makes sure that this is what was approved, and carries out exactly that plan.
import { RefusedError } from '../../db/core/errors';
import { counted } from '../../db/core/quantities';
import { note } from '../output';
import { type CiHost, ciHost } from './ci-host';
import type { PlanFlags } from './plan';
import { listOf, type StackRun, titleOf } from './stage';
import { dataLosses, guard } from './terraform/plan-guard';
import { countsOf, formatInfrastructurePlan } from './terraform/plan-markdown';
import type { InfrastructurePlan } from './terraform/plan-model';
import { withPlan } from './terraform/terraform';

export interface DeployFlags extends PlanFlags {
  /** Fingerprints of the plans that were approved, one for each stack; without them, any plan that the guard lets pass is carried out. */
  readonly expect?: string;
}

/** The output of a stack that says where its API answers. */
const API_URL = 'api_url';

/**
 * Deploys one stack after the other and passes the address of the API on. It ends at the first failure; stacks before that
 * one stay deployed.
 * @throws RefusedError when the plan is not the approved one, or takes data away without consent.
 */
export async function deploy(flags: DeployFlags, run: StackRun): Promise<number> {
  const host = ciHost(run.env);
  const approved = listOf(flags.expect ?? '');
  if (approved.length > 0 && approved.length !== flags.stacks.length)
    throw new RefusedError(
      `the approval is for ${counted(approved.length, 'plan')}, and the deployment is of ${counted(flags.stacks.length, 'stack')} (${flags.stacks.join(', ')}); plan and deploy with the same TSDB_DEPLOY_STACKS`,
    );
  for (const [at, stack] of flags.stacks.entries()) await deployStack(stack, flags, approved[at], host, run);
  return 0;
}

async function deployStack(
  stack: string,
  { allow, out }: DeployFlags,
  expected: string | undefined,
  host: CiHost,
  run: StackRun,
): Promise<void> {
  await withPlan(await run.folderOf(stack), { mode: 'apply', lock: 'take' }, run, async (saved) => {
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
    requireApproved(saved.plan, expected);
    note(countsOf(saved.plan));
    await saved.apply();
    const url = (await saved.outputs())[API_URL];
    if (url) host.pass(API_URL, url);
  });
}

function requireApproved({ fingerprint }: InfrastructurePlan, expected: string | undefined): void {
  if (!expected || expected === fingerprint) return;
  throw new RefusedError(
    `this plan is not the approved one: its fingerprint is ${fingerprint.slice(0, 16)}, approved was ${expected.slice(0, 16)}; something changed in between, so run the pipeline again and approve the new plan`,
  );
}

// pipeline destroy: removes a short-lived deployment with its data. Its name must be typed, and its protection must be off.
import { RefusedError } from '../../db/core/errors';
import { note } from '../output';
import { type CiHost, ciHost } from './ci-host';
import { deploymentOf, type StackRun, titleOf } from './stage';
import { dataLosses } from './terraform/plan-guard';
import { countsOf, formatInfrastructurePlan } from './terraform/plan-markdown';
import { withPlan } from './terraform/terraform';

export interface DestroyFlags {
  /** In the order in which they were deployed; they go in the opposite one. */
  readonly stacks: readonly string[];
  /** Name and environment of the deployment, such as `pr12-dev`, to be typed by whoever wants it gone. */
  readonly confirm: string;
  readonly out?: string;
}

/**
 * Destroys the stacks.
 * @throws RefusedError when the settings mean another deployment than the one that was named, or its data is protected.
 */
export async function destroy({ stacks, confirm, out }: DestroyFlags, run: StackRun): Promise<number> {
  requireMeant(confirm, run);
  const host = ciHost(run.env);
  for (const stack of [...stacks].reverse()) await destroyStack(stack, out, host, run);
  return 0;
}

async function destroyStack(
  stack: string,
  out: string | undefined,
  host: CiHost,
  run: StackRun,
): Promise<void> {
  await withPlan(
    await run.folderOf(stack),
    { mode: 'destroy', lock: 'take' },
    run,
    async ({ plan, apply }) => {
      const losses = dataLosses(plan);
      // Typing the name is consent to every loss.
      const allowed = losses.map(({ change }) => change.address);
      host.publish(
        formatInfrastructurePlan({ title: titleOf('Removal', stack, run), plan, losses, allowed }),
        out,
      );
      note(countsOf(plan));
      await apply();
    },
  );
}

function requireMeant(confirm: string, run: StackRun): void {
  const deployment = deploymentOf(run);
  if (confirm !== deployment)
    throw new RefusedError(
      `the settings are those of "${deployment}", and "${confirm}" is to be destroyed; set TSDB_DEPLOY_NAME and TSDB_DEPLOY_ENVIRONMENT to the deployment that is meant`,
    );
  if (run.env.TSDB_DEPLOY_PROTECT_DATA !== 'false')
    throw new RefusedError(
      `the data of "${deployment}" is protected; deploy it with TSDB_DEPLOY_PROTECT_DATA=false first, then destroy it with the same setting`,
    );
}

// pipeline destroy: removes a short-lived deployment with its data. Its name must be typed, and its protection must be off.
import { RefusedError } from '../../db/core/errors';
import { note } from '../output';
import { ciHost } from './ci-host';
import { withStackPlan } from './stack-plan';
import { deploymentOf, type StackRun } from './stage';
import { requireFound } from './terraform/plan-guard';
import { countsOf } from './terraform/plan-markdown';

export interface DestroyFlags {
  /** In the order in which they were deployed; they go in the opposite one. */
  readonly stacks: readonly string[];
  /**
   * Name and environment of the deployment, such as `pr12-dev`, typed by whoever wants it gone; or asks for them about a
   * plan that was shown.
   */
  readonly confirm: string | ((question: string) => Promise<string | undefined>);
  readonly out?: string;
}

/**
 * Destroys the stacks.
 * @throws RefusedError when the settings mean another deployment than the one that was named, its data is protected, or it
 * cannot be found.
 */
export async function destroy({ stacks, confirm, out }: DestroyFlags, run: StackRun): Promise<number> {
  if (typeof confirm === 'string') requireMeant(confirm, run);
  requireUnprotected(run);
  // Typing the name is consent to every loss.
  const shared = { purpose: 'Removal', allowed: 'all', host: ciHost(run.env), out } as const;
  for (const stack of [...stacks].reverse())
    await withStackPlan({ ...shared, stack }, run, async ({ plan, apply }) => {
      requireFound(plan);
      note(countsOf(plan));
      if (typeof confirm !== 'string')
        requireMeant(
          (await confirm(`Type "${deploymentOf(run)}" to destroy stack ${stack} with its data: `)) ?? '',
          run,
        );
      await apply();
    });
  return 0;
}

function requireMeant(confirm: string, run: StackRun): void {
  const deployment = deploymentOf(run);
  if (confirm !== deployment)
    throw new RefusedError(
      `the settings are those of "${deployment}", and "${confirm}" is to be destroyed; set TSDB_DEPLOY_NAME and TSDB_DEPLOY_ENVIRONMENT to the deployment that is meant`,
    );
}

function requireUnprotected(run: StackRun): void {
  const deployment = deploymentOf(run);
  if (run.env.TSDB_DEPLOY_PROTECT_DATA !== 'false')
    throw new RefusedError(
      `the data of "${deployment}" is protected; deploy it with TSDB_DEPLOY_PROTECT_DATA=false first, then destroy it with the same setting`,
    );
}

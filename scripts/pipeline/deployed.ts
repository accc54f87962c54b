// pipeline deployed: does the state of a deployment have anything that could be destroyed?
import { counted } from '../../db/core/quantities';
import { note } from '../output';
import { ciHost } from './ci-host';
import { deploymentOf, type StackRun } from './stage';
import { resourcesInState } from './terraform/terraform';

/** Which stacks; a deployment that failed half way counts as well. */
export interface DeployedFlags {
  readonly stacks: readonly string[];
}

/** Passes `deployed` on, `true` or `false`. It needs no right but to read the state, and takes no lock. */
export async function deployed({ stacks }: DeployedFlags, run: StackRun): Promise<number> {
  let count = 0;
  for (const stack of stacks) count += await resourcesInState(await run.folderOf(stack), run);
  note(`${counted(count, 'resource')} in the state of ${deploymentOf(run)}`);
  ciHost(run.env).pass('deployed', String(count > 0));
  return 0;
}

// pipeline rollout: is everything up that a stack runs in a cluster? Waits for it, and ends with 1 and the pod's reason if not.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UsageError } from '../../db/core/errors';
import { note } from '../output';
import { checkRollout } from '../rollout/check';
import { parseRequest, type RolloutRequest } from '../rollout/request';
import { RolloutError } from '../rollout/wait';
import type { StackRun } from './stage';
import { addressInState } from './terraform/cluster-address';
import { type Outputs, stackOutputs } from './terraform/terraform';

export interface RolloutFlags {
  readonly stacks: readonly string[];
}

/** The output of a stack that says what to wait for; see k8s/rollout.ts. */
const ROLLOUT = 'rollout';

/**
 * @throws RolloutError at the first object that does not come up.
 * @throws UsageError when a stack runs nothing in a cluster, is not deployed, or its cluster cannot be asked.
 */
export async function rollout({ stacks }: RolloutFlags, run: StackRun): Promise<number> {
  for (const stack of stacks) {
    const folder = await run.folderOf(stack);
    if (!runsInCluster(folder)) throw new UsageError(`stack ${stack} runs nothing in a cluster`);
    const outputs = await stackOutputs(folder, run);
    if (outputs[ROLLOUT] === undefined)
      throw new UsageError(`stack ${stack} is not deployed, or by an earlier version; deploy it first`);
    await waitForStack({ stack, outputs }, run);
  }
  return 0;
}

export interface DeployedStack {
  readonly stack: string;
  readonly outputs: Outputs;
  /** In seconds, in place of the limits of each object. */
  readonly limit?: number;
}

/**
 * Waits for what a deployed stack runs in a cluster, also when the deployment had nothing to change. Changes nothing.
 * @throws as `rollout` does; a stack without anything in a cluster is up.
 */
export async function waitForStack({ stack, outputs, limit }: DeployedStack, run: StackRun): Promise<void> {
  const text = outputs[ROLLOUT];
  if (text === undefined) return;
  const { env, signal } = run;
  const folder = await run.folderOf(stack);
  const request: RolloutRequest = parseRequest(text);
  const cluster = await addressInState(folder, run);
  const whole = cluster === undefined ? request : { ...request, cluster };
  await checkRollout(folder, whole, { env, signal, mode: 'look', limit });
}

/** In seconds. A pod that is just being replaced is no drift. */
const PATIENCE = 120;

/** What is not up now, for the search for drift; undefined when everything is. */
export async function brokenRollout(deployed: DeployedStack, run: StackRun): Promise<string | undefined> {
  try {
    await waitForStack({ limit: PATIENCE, ...deployed }, run);
    return undefined;
  } catch (error) {
    if (error instanceof RolloutError) return error.message;
    throw error;
  }
}

/** Tells why the API is not ready, where its cluster can be asked. It never fails. */
export async function tellWhyNotReady(stacks: readonly string[], run: StackRun): Promise<void> {
  for (const stack of stacks) {
    try {
      const folder = await run.folderOf(stack);
      if (!runsInCluster(folder)) continue;
      const outputs = await stackOutputs(folder, run);
      const broken = await brokenRollout({ stack, outputs, limit: 1 }, run);
      note(broken ?? `everything that stack ${stack} runs in its cluster is up`);
    } catch (error) {
      if (run.signal.aborted) throw error;
      note(`the cluster of stack ${stack} could not be asked: ${messageOf(error)}`);
    }
  }
}

function runsInCluster(folder: string): boolean {
  const stack = JSON.parse(readFileSync(join(folder, 'cdk.tf.json'), 'utf8')) as { readonly output?: object };
  return ROLLOUT in (stack.output ?? {});
}

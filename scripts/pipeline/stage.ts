// What every stage is given, and the name of a deployment in its texts.
import type { Environment } from '../../db/core/settings';

/** Where a stage runs, and what stops it. */
export interface StageRun {
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/** A stage that works on a stack. */
export interface StackRun extends StageRun {
  /** Synthesises and gives the folder that Terraform works in. */
  folderOf(stack: string): Promise<string>;
}

/** The stacks that a stage is for: those that were named, else those of TSDB_DEPLOY_STACKS, else azure. */
export function stacksOf(named: readonly string[], { env }: StageRun): readonly string[] {
  if (named.length > 0) return named;
  const set = listOf(env.TSDB_DEPLOY_STACKS ?? '');
  return set.length > 0 ? set : ['azure'];
}

/** `a, b` as a list. A pipeline passes an empty text when nothing was entered. */
export const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** Name and environment of the deployment, as the settings say; the defaults are those of `infra/core/settings`. */
export const deploymentOf = ({ env }: StageRun): string =>
  `${env.TSDB_DEPLOY_NAME || 'tsdb'}-${env.TSDB_DEPLOY_ENVIRONMENT || 'dev'}`;

// Writes the stacks as Terraform, as `npm run synth` does. Writing them twice proves that the same input gives the same bytes.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RefusedError, UsageError } from '../../db/core/errors';
import { counted } from '../../db/core/quantities';
import { note } from '../output';
import { show, succeed } from './child';
import { cloudEnvironment } from './cloud-login';
import { differences, readFolder } from './folder-difference';
import { deploymentOf, type StageRun } from './stage';

export const ROOT = join(__dirname, '..', '..');
/** Which builds of the providers are taken; `main.ts` puts it beside each stack. */
export const PROVIDER_LOCK = join(ROOT, 'infra', 'terraform.lock.hcl');
const OUT = join(ROOT, 'cdktf.out');

/** The stacks of the deployment. Both throw a UsageError when the synthesis fails, or there is no such stack. */
export interface SynthesisedStacks {
  /** The folder that Terraform works in. */
  folderOf(stack: string): Promise<string>;
  /** Each stack after those that it needs; a stack that is not named is not added. */
  inOrder(stacks: readonly string[]): Promise<readonly string[]>;
}

/** Synthesises at the first call. */
export function synthesisedStacks(run: StageRun): SynthesisedStacks {
  let done: Promise<void> | undefined;
  const manifest = async (): Promise<Manifest> => {
    done ??= synthesise(run);
    await done;
    return JSON.parse(readFileSync(join(outOf(run), 'manifest.json'), 'utf8')) as Manifest;
  };
  return {
    folderOf: async (stack) => join(OUT, entryOf(stack, await manifest()).workingDirectory),
    inOrder: async (stacks) => dependenciesFirst(stacks, await manifest()),
  };
}

// Each deployment has a folder of its own, which `infra/core/deployment-app.ts` writes.
const outOf = (run: StageRun): string => join(OUT, deploymentOf(run));

interface Manifest {
  readonly stacks: Readonly<Record<string, StackEntry>>;
}

interface StackEntry {
  readonly workingDirectory: string;
  readonly dependencies: readonly string[];
}

function entryOf(stack: string, { stacks }: Manifest): StackEntry {
  const found = stacks[stack];
  if (found !== undefined) return found;
  throw new UsageError(`there is no stack "${stack}"; there are: ${Object.keys(stacks).sort().join(', ')}`);
}

function dependenciesFirst(stacks: readonly string[], manifest: Manifest): readonly string[] {
  const ordered = new Set<string>();
  const add = (stack: string): void => {
    for (const other of entryOf(stack, manifest).dependencies) add(other);
    if (stacks.includes(stack)) ordered.add(stack);
  };
  for (const stack of stacks) add(stack);
  return [...ordered];
}

/**
 * Synthesises twice and compares. The second run has another timezone and language, which must not matter.
 * @throws RefusedError that names the first difference of each file.
 */
export async function synthTwice(run: StageRun): Promise<number> {
  await synthesise(run);
  const out = outOf(run);
  const first = readFolder(out);
  await synthesise({ ...run, env: { ...run.env, TZ: 'Pacific/Auckland', LANG: 'tr_TR.UTF-8' } });
  const found = differences(first, readFolder(out));
  if (found.length > 0)
    throw new RefusedError(
      `the same input gave two outputs:\n${found.join('\n')}\nsomething depends on time, chance, place or order`,
    );
  note(`the same bytes twice: ${counted(first.size, 'file')} in ${out}`);
  return 0;
}

async function synthesise({ env, signal }: StageRun): Promise<void> {
  if (!existsSync(PROVIDER_LOCK))
    note('the providers of Terraform are not locked; "npm run providers:lock" locks their builds');
  // With CI set, the command does not draw a spinner, which would fill the log with lines.
  const run = { folder: ROOT, env: { ...cloudEnvironment(env), CI: '1' }, signal };
  const cdktf = join(ROOT, 'node_modules', '.bin', 'cdktf');
  await succeed('cdktf synth', show(cdktf, ['synth', '--output', OUT], run));
}

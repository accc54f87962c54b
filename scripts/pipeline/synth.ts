// Writes the stacks as Terraform, as `npm run synth` does. Writing them twice proves that the same input gives the same bytes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RefusedError, UsageError } from '../../db/core/errors';
import { counted } from '../../db/core/quantities';
import { note } from '../output';
import { show, succeed } from './child';
import { cloudEnvironment } from './cloud-login';
import { differences, readFolder } from './folder-difference';
import { deploymentOf, type StageRun } from './stage';

const ROOT = join(__dirname, '..', '..');
const OUT = join(ROOT, 'cdktf.out');

/**
 * Gives the folder of a stack, synthesised at the first call.
 * @throws UsageError when that fails, or there is no such stack.
 */
export function synthesisedStacks(run: StageRun): (stack: string) => Promise<string> {
  let done: Promise<void> | undefined;
  return async (stack) => {
    done ??= synthesise(run);
    await done;
    return folderOf(stack, run);
  };
}

// Each deployment has a folder of its own, which `infra/core/deployment-app.ts` writes.
const outOf = (run: StageRun): string => join(OUT, deploymentOf(run));

function folderOf(stack: string, run: StageRun): string {
  const { stacks } = JSON.parse(readFileSync(join(outOf(run), 'manifest.json'), 'utf8')) as Manifest;
  const found = stacks[stack];
  if (found !== undefined) return join(OUT, found.workingDirectory);
  throw new UsageError(`there is no stack "${stack}"; there are: ${Object.keys(stacks).sort().join(', ')}`);
}

interface Manifest {
  readonly stacks: Readonly<Record<string, { readonly workingDirectory: string }>>;
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
  // With CI set, the command does not draw a spinner, which would fill the log with lines.
  const run = { folder: ROOT, env: { ...cloudEnvironment(env), CI: '1' }, signal };
  const cdktf = join(ROOT, 'node_modules', '.bin', 'cdktf');
  await succeed('cdktf synth', show(cdktf, ['synth', '--output', OUT], run));
}

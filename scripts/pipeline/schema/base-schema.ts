// Applies the schema of another commit of this repository, with the programs of that commit.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../../db/core/errors';
import { note } from '../../output';
import { type ChildRun, capture, show, succeed } from '../child';
import type { StageRun } from '../stage';

const ROOT = join(__dirname, '..', '..', '..');

/**
 * Extracts the commit's files to a temporary folder and runs `tsdb apply` there, with the dependencies that are installed here.
 * @throws UsageError when there is no such commit here, or its schema cannot be applied.
 */
export async function applySchemaOf(
  base: string,
  databaseUrl: string,
  { env, signal }: StageRun,
): Promise<void> {
  const here = { folder: ROOT, env, signal };
  const commit = await commitOf(base, here);
  const place = mkdtempSync(join(tmpdir(), 'tsdb-base-'));
  try {
    const tree = join(place, 'tree');
    const archive = join(place, 'tree.tar');
    mkdirSync(tree);
    const packing = ['archive', '--format=tar', `--output=${archive}`, commit];
    await succeed('git archive', show('git', packing, here));
    await succeed('tar', show('tar', ['-xf', archive, '-C', tree], here));
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    note(`schema of ${base} (${commit.slice(0, 12)}):`);
    const child = { folder: tree, env: { ...env, DATABASE_URL: databaseUrl }, signal };
    const args = ['--import', 'tsx', 'scripts/tsdb.ts', 'apply', '--yes'];
    await succeed(`"tsdb apply" of ${base}`, show(process.execPath, args, child));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function commitOf(base: string, run: ChildRun): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`];
  const { code, stdout } = await capture('git', args, run);
  if (code === 0) return stdout.trim();
  throw new UsageError(
    `there is no commit "${base}" in this clone; fetch it first, and in a pipeline fetch more than one commit`,
  );
}

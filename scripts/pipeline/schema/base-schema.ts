// Applies the schema of another commit of this repository, with the programs of that commit.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../../db/core/errors';
import { note } from '../../output';
import { capture, show } from '../child';
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
  const commit = await commitOf(base, { env, signal });
  const place = mkdtempSync(join(tmpdir(), 'tsdb-base-'));
  try {
    const tree = join(place, 'tree');
    const archive = join(place, 'tree.tar');
    mkdirSync(tree);
    await zero(show('git', ['archive', '--format=tar', `--output=${archive}`, commit], here), 'git archive');
    await zero(show('tar', ['-xf', archive, '-C', tree], here), 'tar');
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    note(`schema of ${base} (${commit.slice(0, 12)}):`);
    const child = { folder: tree, env: { ...env, DATABASE_URL: databaseUrl }, signal };
    const args = ['--import', 'tsx', 'scripts/tsdb.ts', 'apply', '--yes'];
    await zero(show(process.execPath, args, child), `"tsdb apply" of ${base}`);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function commitOf(base: string, { env, signal }: StageRun): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`];
  const { code, stdout } = await capture('git', args, { folder: ROOT, env, signal });
  if (code === 0) return stdout.trim();
  throw new UsageError(
    `there is no commit "${base}" in this clone; fetch it first, and in a pipeline fetch more than one commit`,
  );
}

async function zero(end: Promise<{ readonly code: number | null }>, what: string): Promise<void> {
  const { code } = await end;
  if (code !== 0) throw new UsageError(`${what} failed (${code}); what it says is above`);
}

// For tests: the program as the image has it, for suites that lay it out in a place of their own.
import { spawnSync } from 'node:child_process';
import { ROOT } from './command-line';

/** A folder with the program that this test run has built, which nobody may change; else it is built into the given folder. */
export function builtProgram(otherwise: string): string {
  const { TSDB_TEST_BUNDLE } = process.env;
  if (TSDB_TEST_BUNDLE !== undefined) return TSDB_TEST_BUNDLE;
  // In a process of its own: esbuild does not work inside jest's realm.
  const args = ['--import', 'tsx', 'scripts/bundle.ts', otherwise];
  const built = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  return otherwise;
}

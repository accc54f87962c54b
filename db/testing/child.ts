// How to start a script of the tests as a process of its own.
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** Arguments of node for a script such as `db/testing/evolution-die.ts`: its bundle when the test run made one, else its source. */
export function childArguments(script: string): string[] {
  const bundles = process.env.TSDB_TEST_CHILDREN;
  return bundles === undefined
    ? ['--import', 'tsx', join(ROOT, script)]
    : [join(bundles, script.replace(/\.ts$/, '.js'))];
}

// Programs of others that suites run where they are installed.
import { spawnSync } from 'node:child_process';

/** The program that the variable names, or the one on the PATH, if it runs with these arguments without an error. */
export function programOf(variable: string, name: string, check: readonly string[]): string | undefined {
  const program = process.env[variable] || name;
  return spawnSync(program, check, { stdio: 'ignore' }).status === 0 ? program : undefined;
}

// Secrets of brokers and registries. They stay behind functions, so that no log can show them.
import { messageOf } from '../../db/core/errors';
import type { Environment } from '../../db/core/settings';
import { readPasswordFile } from '../../db/server/database-address';

/**
 * The secret of a setting, or of the file that `<name>_FILE` names, which is read anew each time, so that a new secret needs no restart.
 * Undefined when neither is set. Faults are added to the list.
 */
export function readSecret(env: Environment, name: string, faults: string[]): (() => string) | undefined {
  const secret = env[name];
  const file = `${name}_FILE`;
  if (secret && env[file]) faults.push(`${name} and ${file} are both set; keep one`);
  return secret ? () => secret : readSecretFile(env, file, faults);
}

/** The secret in the file that a setting names. */
export function readSecretFile(env: Environment, name: string, faults: string[]): (() => string) | undefined {
  const path = env[name];
  if (!path) return undefined;
  try {
    if (readPasswordFile(path) === '') faults.push(`${name}: ${path} is empty`);
  } catch (error) {
    faults.push(`${name} cannot be read: ${messageOf(error)}`);
  }
  return () => readPasswordFile(path);
}

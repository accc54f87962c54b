// Reads the passwords of login roles from a folder with one file per login, which is how secrets are mounted.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UsageError } from '../core/errors';
import { LOGINS, type LoginName } from './roles';

const SHORTEST = 16;

/**
 * Reads the passwords of the logins for which the folder has a file. Other files are ignored, such as the password of a superuser
 * and the hidden folders of Kubernetes.
 * @throws UsageError that lists every fault and never shows a password.
 */
export function readLoginPasswords(folder: string): ReadonlyMap<LoginName, string> {
  const present = filesOf(folder);
  const names = LOGINS.filter((name) => present.includes(name));
  if (names.length === 0)
    throw new UsageError(
      `--passwords: ${folder} has none of the files ${LOGINS.join(', ')}; write the password of each login into the file with its name`,
    );
  const faults: string[] = [];
  const passwords = new Map(names.map((name) => [name, readPassword(join(folder, name), faults)]));
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return passwords;
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new UsageError(`--passwords: the folder cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

// As for PGPASSWORD_FILE, a line break at the end is not part of the password.
function readPassword(path: string, faults: string[]): string {
  let password = '';
  try {
    password = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    faults.push(`${path} cannot be read: ${messageOf(error)}`);
    return password;
  }
  if (password.length < SHORTEST)
    faults.push(`${path} has ${password.length} characters; a password needs at least ${SHORTEST}`);
  // Other characters would have to be normalised before hashing, in the same way by every client.
  else if (!/^[ -~]*$/.test(password))
    faults.push(`${path} must be one line of printable ASCII characters; make another password`);
  return password;
}

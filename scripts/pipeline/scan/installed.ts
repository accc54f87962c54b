// Is a program on the PATH?
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Environment } from '../../../db/core/settings';

/** Whether a folder of the PATH has a file of this name that may be run. */
export function installed(program: string, { PATH = '' }: Environment): boolean {
  return PATH.split(delimiter).some((folder) => folder !== '' && mayRun(join(folder, program)));
}

function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

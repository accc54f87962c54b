// Writes a base for Kustomize into a folder, and takes away what an earlier run has written there and this one does not.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../../db/core/errors';
import { type Files, resourcesIn, WRITTEN } from './kustomize';

const LIST = 'kustomization.yaml';

/**
 * @throws UsageError when the folder has other files in places that this would write to
 */
export function writeBase(folder: string, files: Files): void {
  const before = filesOf(folder);
  const foreign = [...files.keys()].find((file) => existsSync(join(folder, file)) && !before.includes(file));
  if (foreign !== undefined)
    throw new UsageError(
      `--kustomize: ${join(folder, foreign)} is there and was not written by this command; take an empty folder, or the one of an earlier run`,
    );
  for (const file of before) if (!files.has(file)) rmSync(join(folder, file), { force: true });
  for (const [file, text] of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const steps = [...new Set(before.map((file) => join(folder, dirname(file))))];
  for (const step of steps)
    if (existsSync(step) && readdirSync(step).length === 0) rmSync(step, { recursive: true });
}

/** What an earlier run has written into a folder and the folders that it lists. */
function filesOf(folder: string): readonly string[] {
  const path = join(folder, LIST);
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (!text.startsWith(WRITTEN)) return [];
  const inner = resourcesIn(text).flatMap((name) =>
    name.endsWith('.yaml') ? [name] : filesOf(join(folder, name)).map((file) => `${name}/${file}`),
  );
  return [LIST, ...inner];
}

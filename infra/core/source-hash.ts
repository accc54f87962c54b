// One hash for the sources that make the database: what the schema Job is named after.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/**
 * sha256 over the sorted relative paths and contents of all production sources below `folder`.
 * Tests and local servers are left out: they do not change the database.
 */
export function hashSources(folder: string): string {
  const hash = createHash('sha256');
  for (const path of productionSources(folder)) {
    const content = readFileSync(join(folder, path));
    // The length keeps "a" + "bc" apart from "ab" + "c".
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function productionSources(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter(
      (path) =>
        /\.(ts|sql)$/.test(path) &&
        !path.endsWith('.test.ts') &&
        !/(^|\/)(testing|acceptance|local|fixtures)\//.test(path),
    )
    .sort();
}

// Hashes source files. The schema Job is named after the hash of the sources that declare the database.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/**
 * sha256 over all production sources below `folder`. Tests and local servers are left out, because they do not change
 * the database.
 */
export function hashSources(folder: string): string {
  return hashFiles(
    folder,
    (path) =>
      /\.(ts|sql)$/.test(path) &&
      !path.endsWith('.test.ts') &&
      !/(^|\/)(testing|acceptance|local|fixtures)\//.test(path),
  );
}

/** sha256, in hexadecimal, over the sorted relative paths and contents of those files below `folder` that count. */
export function hashFiles(folder: string, counts: (path: string) => boolean): string {
  const hash = createHash('sha256');
  for (const path of filesBelow(folder).filter(counts)) {
    const content = readFileSync(join(folder, path));
    // With the length, "a" followed by "bc" hashes differently from "ab" followed by "c".
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** Paths of all files below a folder, relative, with slashes, sorted. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

// The licence texts of the packages in the bundle. Most licences require that copies include them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One text with the licence of each package that one of the files belongs to, sorted by name.
 * @param files paths from `root`, with slashes.
 * @throws Error when a package has no licence text and names no licence.
 */
export function licenceTexts(root: string, files: readonly string[]): string {
  const folders = [...new Set(files.flatMap((file) => packageFolder(file) ?? []))].sort();
  return folders.map((folder) => `${section(root, folder)}\n`).join('\n');
}

/** `node_modules/a/node_modules/@b/c` of a file in package `@b/c`; undefined for our own files. */
export function packageFolder(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}

function section(root: string, folder: string): string {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const texts = readdirSync(join(root, folder))
    .filter((name) => /^(licen[cs]e|copying|notice)\b/i.test(name))
    .sort()
    .map((name) =>
      readFileSync(join(root, folder, name), 'utf8')
        .replaceAll('\r\n', '\n')
        .trim(),
    );
  if (texts.length === 0 && manifest.license === undefined)
    throw new Error(`${folder} says nothing about its licence; leave it out or add its text`);
  const title = `${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})`;
  return [title, '='.repeat(title.length), ...texts].join('\n');
}

// Compares two states of a folder byte by byte.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Files by their path in the folder. */
export type FolderContent = ReadonlyMap<string, Buffer>;

/** Reads all files below a folder but what Terraform puts there itself: providers, locks, state, plans and its log. */
export function readFolder(folder: string): FolderContent {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((name) => !TERRAFORMS_OWN.test(name));
  return new Map(files.map((name) => [name, readFileSync(join(folder, name))]));
}

const TERRAFORMS_OWN =
  /(^|\/)(\.terraform(\/|\.lock\.hcl$|\.tfstate)|terraform\.log$|[^/]*\.tfstate|[^/]*\.tfplan$)/;

/** One line per file that differs: which, and where first. Empty when both are the same. */
export function differences(first: FolderContent, second: FolderContent): readonly string[] {
  const names = [...new Set([...first.keys(), ...second.keys()])].sort();
  return names.flatMap((name) => {
    const [one, other] = [first.get(name), second.get(name)];
    if (one === undefined) return [`${name}: only in the second`];
    if (other === undefined) return [`${name}: only in the first`];
    return one.equals(other) ? [] : [`${name}: ${firstDifference(one, other)}`];
  });
}

function firstDifference(one: Buffer, other: Buffer): string {
  const lines = one.toString('utf8').split('\n');
  const others = other.toString('utf8').split('\n');
  const at = lines.findIndex((line, index) => line !== others[index]);
  const line = at < 0 ? lines.length : at;
  return `line ${line + 1} is ${quoted(lines[line])}, then ${quoted(others[line])}`;
}

const quoted = (line: string | undefined): string =>
  line === undefined ? 'missing' : `"${line.trim().slice(0, 80)}"`;

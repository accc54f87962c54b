// The script that Azure runs on the machine for each new bundle: fetch, check, unpack, hand over.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Source of the run command. Its parameters: `bundle_url` and `bundle_sha256`, and any further one, such as the
 * number of a rotation, whose change is only meant to run it again. It holds no `${` and no `%{`, which Terraform
 * would take for a template, so it may stand in a resource as it is.
 */
export function fetchReleaseScript(): string {
  const read = (...path: readonly string[]) => readFileSync(join(__dirname, ...path), 'utf8');
  // A run command is one file: what the script sources stands in its place.
  return read('boot', 'fetch-release.sh').replace(/^\. .*azure\.sh"$/m, () => read('release', 'azure.sh'));
}

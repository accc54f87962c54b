// The script that Azure runs on the machine for each new bundle: fetches, checks and unpacks it, and starts its rollout.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Source of the run command. It reads the parameters `bundle_url` and `bundle_sha256`. A change of any other parameter,
 * such as the version of the passwords, only makes it run again. It contains neither `${` nor `%{`, which Terraform
 * would take for a template.
 */
export function fetchReleaseScript(): string {
  const read = (...path: readonly string[]) => readFileSync(join(__dirname, ...path), 'utf8');
  // A run command is a single file, so the sourced file is copied into it.
  return read('boot', 'fetch-release.sh').replace(/^\. .*azure\.sh"$/m, () => read('release', 'azure.sh'));
}

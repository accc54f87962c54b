// Which builds of the providers Terraform may take: one lock file in the repository, for the stacks of every deployment.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'cdktf';

/**
 * Puts the lock file where Terraform looks for it: beside each stack that was written. Where the repository has none, each
 * stack keeps the one that `terraform init` has written there.
 * @param lock path of the file, which `npm run providers:lock` writes
 */
export function placeProviderLock({ manifest, outdir }: App, lock: string): void {
  if (!existsSync(lock)) return;
  for (const { workingDirectory } of Object.values(manifest.stacks))
    copyFileSync(lock, join(outdir, workingDirectory, '.terraform.lock.hcl'));
}

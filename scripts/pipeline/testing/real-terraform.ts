// For tests: a folder of Terraform's own resource, which needs no provider, and the program that works on it.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StackRun } from '../stage';

/** Whether Terraform is here. Where it is not, suites use recorded plans only. */
export const hasTerraform = spawnSync('terraform', ['version'], { stdio: 'ignore' }).status === 0;

/** A resource of type `terraform_data`: a changed `input` changes it, a changed `trigger` replaces it. */
export interface Thing {
  readonly input: unknown;
  readonly trigger?: string;
  /** Run when it is made; a failure leaves it tainted. */
  readonly provisioner?: { readonly command: string };
}

/** Declares these resources, and an output for the address of an API. */
export function declare(
  folder: string,
  things: Readonly<Record<string, Thing>>,
  outputs: Readonly<Record<string, string>> = {},
): void {
  const resources = Object.entries(things).map(
    ([name, { input, trigger, provisioner }]) =>
      [
        name,
        {
          input,
          triggers_replace: trigger ?? null,
          ...(provisioner ? { provisioner: [{ 'local-exec': provisioner }] } : {}),
        },
      ] as const,
  );
  const document = {
    terraform: { required_version: '>= 1.11.0' },
    ...(resources.length > 0 ? { resource: { terraform_data: Object.fromEntries(resources) } } : {}),
    output: {
      api_url: { value: 'https://tsdb.example' },
      token: { value: 'hush', sensitive: true },
      ...Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { value }])),
    },
  };
  writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(document));
}

/**
 * A Terraform that tells the things named `disk…` as managed disks of Azure: nothing else of the plan is touched, so
 * that the guard is tried on what the real program says.
 */
export function diskTellingTerraform(folder: string): string {
  const path = join(folder, 'terraform-of-disks');
  const rename = 's/"type":"terraform_data","name":"disk/"type":"azurerm_managed_disk","name":"disk/g';
  const script = `#!/bin/sh\nif [ "$1" = show ]; then terraform "$@" | sed '${rename}'; else exec terraform "$@"; fi\n`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

/** A run on that folder; what is published lands in `summary.md`, what is passed on in `output`. */
export function runIn(folder: string, env: Readonly<Record<string, string>> = {}): StackRun {
  return {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
      GITHUB_OUTPUT: join(folder, 'output'),
      ...env,
    },
    signal: new AbortController().signal,
    folderOf: async () => folder,
  };
}

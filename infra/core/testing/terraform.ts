// Runs the installed Terraform in a folder of its own, without questions, telemetry or the caller's settings.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TerraformRun {
  readonly status: number | null;
  /** What it printed on both streams. */
  readonly text: string;
}

export const hasTerraform = terraform(['version'], tmpdir()).status === 0;

/**
 * Why no provider can be had without asking a registry; empty when there is a mirror. Downloading the provider of
 * Azure takes longer than all other tests together.
 */
export function whyNoProviders(): string {
  if (!hasTerraform) return 'terraform is not installed';
  const file = process.env.TF_CLI_CONFIG_FILE || join(homedir(), '.terraformrc');
  // The file may hold nothing but credentials.
  if (existsSync(file) && /\b(filesystem|network)_mirror\b/.test(readFileSync(file, 'utf8'))) return '';
  // Where Terraform looks by itself.
  const mirrors = [
    join(homedir(), '.terraform.d', 'plugins'),
    join(homedir(), '.local', 'share', 'terraform', 'plugins'),
    '/usr/local/share/terraform/plugins',
    '/usr/share/terraform/plugins',
  ];
  return mirrors.some((folder) => existsSync(folder))
    ? ''
    : `no mirror of the providers: neither in ${file} nor where Terraform looks by itself`;
}

/** Writes a configuration into a new folder, and takes it away afterwards. */
export function withConfiguration<T>(json: string, act: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-terraform-'));
  try {
    writeFileSync(join(folder, 'main.tf.json'), json);
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function terraform(
  args: readonly string[],
  folder: string,
  variables: Readonly<Record<string, string>> = {},
): TerraformRun {
  const { TF_CLI_CONFIG_FILE, HOME, PATH } = process.env;
  const env = { TF_CLI_CONFIG_FILE, HOME, PATH, CHECKPOINT_DISABLE: '1', TF_INPUT: '0', ...variables };
  const { status, stdout, stderr } = spawnSync(
    'terraform',
    [...args, ...(args[0] === 'version' ? [] : ['-no-color'])],
    {
      cwd: folder,
      env,
      encoding: 'utf8',
      // Whatever asks a question gets no answer.
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  return { status, text: `${stdout}${stderr}`.replace(/\s+│?\s*/g, ' ') };
}

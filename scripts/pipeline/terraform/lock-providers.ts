// `npm run providers:lock -- [FLAGS]`: writes the lock file of the providers anew, for the stacks of every deployment. FLAGS go
// to `terraform providers lock`; without them, the registry is asked for the builds of all usual platforms.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processEnvironment } from '../../../db/server/config';
import { note } from '../../output';
import { runner } from '../../run-to-exit';
import { show, succeed } from '../child';
import { cloudEnvironment } from '../cloud-login';
import type { StageRun } from '../stage';
import { PROVIDER_LOCK, ROOT } from '../synth';

/** Name of a provider -> where it comes from, and its version. */
export type RequiredProviders = Readonly<
  Record<string, { readonly source: string; readonly version: string }>
>;

const PLATFORMS = ['linux_amd64', 'linux_arm64', 'darwin_amd64', 'darwin_arm64'];

/**
 * Writes the file for these providers.
 * @throws UsageError when Terraform fails, which has printed the reason.
 */
export function lockProviders(
  required: RequiredProviders,
  flags: readonly string[],
  file: string,
  { env, signal }: StageRun,
): Promise<void> {
  return inFolder(async (folder) => {
    writeFileSync(
      join(folder, 'main.tf.json'),
      JSON.stringify({ terraform: { required_providers: required } }),
    );
    const given = flags.length > 0 ? flags : PLATFORMS.map((platform) => `-platform=${platform}`);
    const program = env.TERRAFORM_BINARY_NAME || 'terraform';
    const run = { folder, env: cloudEnvironment(env), signal };
    await succeed(
      'terraform providers lock',
      show(program, ['providers', 'lock', '-no-color', ...given], run),
    );
    copyFileSync(join(folder, '.terraform.lock.hcl'), file);
  });
}

/** Those of all stacks. The kubernetes stack needs the provider of Azure when stack `aks` makes the cluster. */
export function requiredProviders({ env, signal }: StageRun): Promise<RequiredProviders> {
  return inFolder(async (folder) => {
    const run = {
      folder: ROOT,
      env: { PATH: env.PATH, HOME: env.HOME, TSDB_DEPLOY_CLUSTER: 'aks', CDKTF_OUTDIR: folder },
      signal,
    };
    await succeed(
      'main.ts',
      show(process.execPath, ['--require', './scripts/start/register.cjs', 'main.ts'], run),
    );
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('cdk.tf.json'),
    );
    return Object.assign(
      {},
      ...files.map(
        (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')).terraform.required_providers,
      ),
    );
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-providers-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (require.main === module)
  void runner.untilSignal(async (signal) => {
    const run = { env: processEnvironment(), signal };
    await lockProviders(await requiredProviders(run), process.argv.slice(2), PROVIDER_LOCK, run);
    note(`written: ${PROVIDER_LOCK}; commit it`);
    return 0;
  });

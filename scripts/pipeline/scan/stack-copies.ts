// The stacks as a scanner can read them: synthesised with settings that show every part, then changed where it would fail.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Environment } from '../../../db/core/settings';
import { show, succeed } from '../child';
import type { StageRun } from '../stage';

const ROOT = join(__dirname, '..', '..', '..');

/** Settings that together show every stack and every part of them. */
export const VARIANTS: Readonly<Record<string, Environment>> = {
  default: { TSDB_APP_IMAGE: 'registry.example.org/tsdb:1.2.3' },
  everything: {
    TSDB_DEPLOY_ENVIRONMENT: 'prod',
    TSDB_DEPLOY_PARTS:
      'bastion,customer-keys,immutable-dumps,locks,maintenance-window,nat,private-endpoints,recovery-vault',
    TSDB_DEPLOY_MONTHLY_BUDGET: '300',
    TSDB_DEPLOY_ALERT_EMAIL: 'ops@example.org',
    TSDB_DEPLOY_CLUSTER: 'aks',
    TSDB_DEPLOY_HA: 'true',
    TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb:pg17-ts2.29',
    TSDB_DEPLOY_HA_BACKUP_URL: 's3://backups/tsdb',
    TSDB_DEPLOY_INGRESS_HOST: 'm.example.org',
    TSDB_DEPLOY_INGRESS_CLASS: 'nginx',
    TSDB_DEPLOY_INGRESS_ISSUER: 'letsencrypt',
    TSDB_DEPLOY_INGRESS_NAMESPACE: 'ingress-nginx',
    TSDB_APP_IMAGE: 'registry.example.org/tsdb:1.2.3',
  },
  private: {
    TSDB_DEPLOY_EXPOSURE: 'private',
    TSDB_DEPLOY_PARTS: 'nat,bastion',
    TSDB_DEPLOY_CLUSTER: 'aks',
    TSDB_DEPLOY_AKS_PRIVATE: 'true',
    TSDB_DEPLOY_RESOURCE_GROUP: 'existing',
    TSDB_APP_IMAGE: 'registry.example.org/tsdb:1.2.3',
  },
};

/**
 * Passes a temporary folder to `use` with one folder `<variant>/<stack>` for each stack, and the names of those folders.
 * Settings of the caller do not count, so that the result is the same everywhere.
 */
export async function withStackCopies<T>(
  run: StageRun,
  use: (folder: string, copies: readonly string[]) => Promise<T>,
): Promise<T> {
  const place = mkdtempSync(join(tmpdir(), 'tsdb-scan-'));
  try {
    const copies: string[] = [];
    for (const [variant, settings] of Object.entries(VARIANTS)) {
      const out = join(place, 'synthesised', variant);
      mkdirSync(out, { recursive: true });
      await synthesise(out, settings, run);
      for (const file of stackFiles(out)) {
        const copy = join(variant, basename(dirname(file)));
        mkdirSync(join(place, 'copies', copy), { recursive: true });
        const text = JSON.stringify(readable(JSON.parse(readFileSync(file, 'utf8'))), null, 2);
        writeFileSync(join(place, 'copies', copy, 'cdk.tf.json'), text);
        copies.push(copy);
      }
    }
    return await use(join(place, 'copies'), copies);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function synthesise(out: string, settings: Environment, { env, signal }: StageRun): Promise<void> {
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TSDB_')));
  const args = ['--require', './scripts/start/register.cjs', 'main.ts'];
  const child = { folder: ROOT, env: { ...own, ...settings, CDKTF_OUTDIR: out }, signal };
  await succeed('synthesis', show(process.execPath, args, child));
}

function stackFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => basename(file) === 'cdk.tf.json')
    .sort()
    .map((file) => join(folder, file));
}

/** Without `required_version`: the reader of checkov takes every member of `terraform` for a block, and gives the whole file up. */
function readable(stack: { readonly terraform: Readonly<Record<string, unknown>> }): object {
  const { required_version, ...terraform } = stack.terraform;
  return { ...stack, terraform };
}

import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { version as archived } from 'cdktf/package.json';
import { version as fork } from 'cdktn/package.json';
import { EVERYTHING, PRIVATE } from '../../infra/azure/testing/azure-stack';
import { IMAGE_FLAVOURS } from '../../infra/core/pins';
import packageJson from '../../package.json';
import { filesThatStartIt, moveToCdktn } from './cdktn';

const ROOT = join(__dirname, '..', '..');
const HERE = join(__dirname, 'testing');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsdb-exit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Every stack and option at least once. */
const DEPLOYMENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'nothing given': {},
  'everything that can be given': {
    ...EVERYTHING,
    TSDB_DEPLOY_ENVIRONMENT: 'prod',
    TSDB_DEPLOY_STATE_ACCOUNT: 'plantstate',
    TSDB_DEPLOY_CLUSTER: 'aks',
    TSDB_DEPLOY_HA: 'true',
    TSDB_DEPLOY_HA_IMAGE: IMAGE_FLAVOURS.ha.image,
    TSDB_DEPLOY_HA_BACKUP_URL: 'https://plant.blob.core.windows.net/pg',
    TSDB_DEPLOY_HA_BACKUP_IDENTITY: '00000000-0000-0000-0000-000000000000',
    TSDB_DEPLOY_INGRESS_HOST: 'm.example.org',
    TSDB_DEPLOY_INGRESS_CLASS: 'nginx',
    TSDB_DEPLOY_INGRESS_ISSUER: 'letsencrypt',
    TSDB_DEPLOY_INGRESS_NAMESPACE: 'ingress-nginx',
    TSDB_DEPLOY_STORAGE_PROVISIONER: 'disk.csi.azure.com',
    TSDB_DEPLOY_STORAGE_PARAMETERS: 'skuName=PremiumV2_LRS,cachingMode=None',
    TSDB_DEPLOY_PROTECT_DATA: 'false',
    TSDB_APP_IMAGE: 'registry.example.org/tsdb:1.2.3',
  },
  'a private machine, and a small cluster': {
    ...PRIVATE,
    TSDB_DEPLOY_INGRESS_HOST: 'm.example.org',
    TSDB_DEPLOY_INGRESS_TLS_SECRET: 'certificate',
    TSDB_DEPLOY_API_REPLICAS: '1',
    TSDB_DEPLOY_API_MAX_REPLICAS: '1',
    TSDB_DEPLOY_BACKUP_SCHEDULE: 'off',
    TSDB_DEPLOY_DB_FLAVOUR: 'ha',
  },
};

/** Runs main.ts as it is, with Node's flags before it, and reads the files that it writes by their paths. */
function synthesise(
  env: Readonly<Record<string, string>>,
  flags: readonly string[],
): ReadonlyMap<string, string> {
  const out = mkdtempSync(join(folder, 'out-'));
  const { PATH, HOME } = process.env;
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', ...flags, 'main.ts'], {
    cwd: ROOT,
    env: { PATH, HOME, ...env, CDKTF_OUTDIR: out },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => [path.slice(out.length + 1), readFileSync(path, 'latin1')] as const),
  );
}

const asForkWrites = (json: string): string =>
  json
    .replaceAll(`"version": "${archived}"`, `"version": "${fork}"`)
    .replaceAll(/(?<=[[{])\s+(?=[\]}])/g, '');

describe('cdktn', () => {
  it.each(Object.entries(DEPLOYMENTS))('writes the same bytes for %s', (_what, env) => {
    const before = synthesise(env, []);
    const after = synthesise(env, ['--require', join(HERE, 'as-cdktn.cjs')]);
    expect(after.get('manifest.json')).toContain(`"version": "${fork}"`);
    // But for its own version, and that it writes empty brackets in one line.
    const expected = [...before].map(([path, text]) => [
      path,
      path.endsWith('.json') ? asForkWrites(text) : text,
    ]);
    expect(expected.length).toBeGreaterThan(2);
    expect([...after]).toEqual(expected);
  });

  it('has the types that the sources use', () => {
    const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
    const { status, stdout } = spawnSync(tsc, ['--project', HERE, '--listFiles'], { encoding: 'utf8' });
    expect(stdout).not.toMatch(/error TS|node_modules\/cdktf\/lib/);
    expect(stdout).toContain('node_modules/cdktn/lib/index.d.ts');
    expect(status).toBe(0);
  });
});

describe('npm run exit:cdktn', () => {
  const startIt = filesThatStartIt(ROOT);
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

  beforeEach(() => {
    for (const path of ['package.json', 'scripts/exit', ...startIt]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    }
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'before');
  });

  it('changes the packages and the name of the command line, and goes', () => {
    moveToCdktn(folder);
    const moved = JSON.parse(read('package.json')) as typeof packageJson;
    expect(moved.devDependencies).toMatchObject({ cdktf: `npm:cdktn@${fork}`, 'cdktn-cli': fork });
    expect(Object.keys(moved.devDependencies)).not.toContain('cdktf-cli');
    expect(moved.dependencies).toEqual(packageJson.dependencies);
    expect(Object.values(moved.scripts).join('\n')).not.toMatch(/\bcdktf\b|exit/);
    for (const path of startIt) expect(read(path)).toContain(`'.bin', 'cdktn'`);
    expect(existsSync(join(folder, 'scripts', 'exit'))).toBe(false);
    git('restore', '.');
    expect(git('status', '--porcelain')).toBe('');
  });

  it('refuses a checkout with changes, and changes nothing', () => {
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    expect(() => moveToCdktn(folder)).toThrow('the checkout has changes');
    expect(git('status', '--porcelain')).toBe('?? notes.txt\n');
  });

  it('finds where the command line is started', () => {
    expect(startIt).toContain('scripts/pipeline/synth.ts');
    // In no other way, which the move would not change.
    const others = /npx cdktf|bin\/cdktf/;
    const found = [...startIt, '.ci/run', 'azure-pipelines.yml'].filter((path) =>
      others.test(readFileSync(join(ROOT, path), 'utf8')),
    );
    expect(found).toEqual([]);
  });
});

// What the programs of this repository do does not depend on whether they start from a bundle.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { IMAGE_FLAVOURS } from '../../infra/core/pins';
import { differences, type FolderContent, readFolder } from '../pipeline/folder-difference';
import { cleanEnvironment, ROOT } from '../testing/command-line';

const LAUNCHER = ['--require', './scripts/start/register.cjs'];
const SOURCES = ['--import', 'tsx'];

const ALL_STACKS = {
  TSDB_DEPLOY_CLUSTER: 'aks',
  TSDB_DEPLOY_HA: 'true',
  TSDB_DEPLOY_HA_IMAGE: IMAGE_FLAVOURS.ha.image,
  TSDB_DEPLOY_KAFKA: 'true',
};

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => removeFolder(folder));

function run(how: readonly string[], args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...how, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...cleanEnvironment(), ...env },
  });
  return { status, stdout, stderr };
}

it.each([
  ['all stacks', ALL_STACKS, ['aks', 'azure', 'kubernetes', 'kubernetes-ha', 'kubernetes-kafka']],
  ['a sharded database', { TSDB_DEPLOY_SHARDED: 'true' }, ['azure', 'kubernetes', 'kubernetes-sharded']],
  ['the stacks without any setting', {}, ['azure', 'kubernetes']],
])('writes %s, byte for byte', (_what, env, stacks) => {
  const [bundled, sources] = [LAUNCHER, SOURCES].map((how, at) => {
    const out = join(folder, String(at));
    expect(run(how, ['main.ts'], { ...env, CDKTF_OUTDIR: out })).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    return readFolder(out);
  }) as [FolderContent, FolderContent];
  expect([...sources.keys()]).toEqual(
    expect.arrayContaining(stacks.map((stack) => join('tsdb-dev', stack, 'cdk.tf.json'))),
  );
  expect(differences(bundled, sources)).toEqual([]);
});

it('says the same of faulty settings', () => {
  const [bundled, sources] = [LAUNCHER, SOURCES].map((how) =>
    run(how, ['main.ts'], { TSDB_DEPLOY_CLUSTER: 'none', CDKTF_OUTDIR: folder }),
  );
  expect(bundled).toEqual(sources);
  expect(bundled?.status).toBe(1);
});

it.each([
  [['--version']],
  [['--help']],
  [['import', '--help']],
  [['plan', '--no-such-flag']],
  [['import', 'no-such-file', '--table', 'sensor_data', '--preview']],
])('tsdb %j says the same', (args) => {
  const [bundled, sources] = [LAUNCHER, SOURCES].map((how) => run(how, ['scripts/tsdb.ts', ...args]));
  expect(bundled).toEqual(sources);
});

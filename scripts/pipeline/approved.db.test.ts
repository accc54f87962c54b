/** @jest-environment ./infra/testing/native-environment.cjs */
// What was approved is deployed: the kubernetes stack in a Kubernetes API server with its real controllers, the first time
// and for a rotation of passwords, although the cluster counts versions up in between.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { whyNoProviders } from '../../infra/core/testing/terraform';
import type { ApiServer } from '../kubernetes/testing/api-server';
import { CLUSTER_PROGRAMS, startCluster } from '../kubernetes/testing/cluster';
import { findPrograms } from '../kubernetes/testing/programs';
import { deploy } from './deploy';
import { drift } from './drift';
import { plan } from './plan';
import type { StackRun } from './stage';

const { programs, told } = findPrograms(CLUSTER_PROGRAMS);
const ROOT = join(__dirname, '..', '..');
const stacks = ['kubernetes'];

describeUnless(programs === undefined ? told : whyNoProviders(), 'the approved plan', () => {
  let place: string;
  let cluster: ApiServer;
  let said: string;

  beforeAll(async () => {
    if (programs === undefined) throw new Error(told);
    place = temporaryFolder();
    cluster = await startCluster(programs);
  });
  afterAll(async () => {
    await cluster?.stop();
    removeFolder(place);
  });
  beforeEach(() => {
    said = '';
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  });
  afterEach(() => jest.restoreAllMocks());

  /** A run on the stack with these settings, synthesised anew. */
  function withSettings(more: Readonly<Record<string, string>> = {}): StackRun {
    const { PATH, HOME, TF_CLI_CONFIG_FILE } = process.env;
    const outdir = join(place, 'cdktf.out');
    const env = {
      ...{ PATH, HOME, TF_CLI_CONFIG_FILE },
      TSDB_DEPLOY_KUBE_CONFIG: cluster.kubeConfig,
      TSDB_APP_IMAGE: 'registry.example/tsdb:1',
      CDKTF_OUTDIR: outdir,
      ...more,
    };
    const launcher = ['--require', './scripts/start/register.cjs', 'main.ts'];
    const { status, stderr } = spawnSync(process.execPath, launcher, { cwd: ROOT, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    const folderOf = async (stack: string) => join(outdir, 'tsdb-dev', stack);
    return { env, signal: new AbortController().signal, folderOf };
  }
  async function fingerprint(run: StackRun): Promise<string> {
    await plan({ stacks, allow: [] }, run);
    return /fingerprint: (\w+)/.exec(said)?.[1] ?? '';
  }
  const version = (): string =>
    cluster.kubectl([
      'get',
      'deployment/tsdb-api',
      '--namespace=tsdb',
      '--output=jsonpath={.metadata.resourceVersion}',
    ]).stdout;

  it('is carried out the first time', async () => {
    const run = withSettings();
    expect(await deploy({ stacks, allow: [], expect: await fingerprint(run) }, run)).toBe(0);
    expect(await drift({ stacks, only: 'infrastructure' }, run)).toBe(0);
  }, 300_000);

  it('is carried out for a rotation, while pods come and go', async () => {
    const run = withSettings({ TSDB_DEPLOY_PASSWORD_VERSION: '2' });
    const approved = await fingerprint(run);
    const before = version();
    const status = JSON.stringify({ status: { conditions: [] } });
    cluster.kubectl([
      ...['patch', 'deployment/tsdb-api', '--namespace=tsdb', '--subresource=status', '--type=merge'],
      `--patch=${status}`,
    ]);
    expect(version()).not.toBe(before);
    expect(await deploy({ stacks, allow: [], expect: approved }, run)).toBe(0);
    expect(await drift({ stacks, only: 'infrastructure' }, run)).toBe(0);
  }, 300_000);

  it('is refused when somebody has changed something that the plan would change back', async () => {
    const run = withSettings({ TSDB_DEPLOY_PASSWORD_VERSION: '3' });
    const approved = await fingerprint(run);
    const image = JSON.stringify({
      spec: { template: { spec: { containers: [{ name: 'api', image: 'other:1' }] } } },
    });
    cluster.kubectl(['patch', 'deployment/tsdb-api', '--namespace=tsdb', `--patch=${image}`]);
    await expect(deploy({ stacks, allow: [], expect: approved }, run)).rejects.toThrow(
      'this plan is not the approved one',
    );
  }, 300_000);
});

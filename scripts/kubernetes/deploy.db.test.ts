// Deploys with cdktf and Terraform into a Kubernetes API server with its real controllers. Only the containers are missing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { terraform, whyNoProviders } from '../../infra/core/testing/terraform';
import type { ApiServer } from './testing/api-server';
import { CLUSTER_PROGRAMS, startCluster } from './testing/cluster';
import { findPrograms } from './testing/programs';

const { programs, told } = findPrograms(CLUSTER_PROGRAMS);
const missing = programs === undefined ? told : whyNoProviders();
if (missing === '') process.stderr.write(`deployments into Kubernetes run on: ${told}\n`);

const ROOT = join(__dirname, '..', '..');
const CDKTF = join(ROOT, 'node_modules', '.bin', 'cdktf');

interface Change {
  readonly address: string;
  readonly change: { readonly actions: readonly string[] };
}

describeUnless(missing, 'the kubernetes stack', () => {
  let place: string;
  let stack: string;
  let cluster: ApiServer;
  let settings: Record<string, string>;

  beforeAll(async () => {
    if (programs === undefined) throw new Error(told);
    place = temporaryFolder();
    stack = join(place, 'cdktf.out', 'tsdb-dev', 'kubernetes');
    cluster = await startCluster(programs);
    settings = {
      TSDB_DEPLOY_KUBE_CONFIG: cluster.kubeConfig,
      TSDB_APP_IMAGE: 'registry.example/tsdb:1',
      CDKTF_OUTDIR: join(place, 'cdktf.out'),
    };
  });
  afterAll(async () => {
    await cluster?.stop();
    removeFolder(place);
  });

  /** Runs a program of the deployment with the settings of this suite, and with more of them. */
  function run(program: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
    const { PATH, HOME, TF_CLI_CONFIG_FILE } = process.env;
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...{ PATH, HOME, TF_CLI_CONFIG_FILE, CHECKPOINT_DISABLE: '1', TF_INPUT: '0', CI: '1' },
        ...settings,
        ...more,
      },
    });
    return { status, text: `${stdout}${stderr}` };
  }
  const cdktf = (command: 'deploy' | 'destroy', more = {}, flags: readonly string[] = []) =>
    run(
      CDKTF,
      [command, 'kubernetes', '--auto-approve', '--output', join(place, 'cdktf.out'), ...flags],
      more,
    );
  const synthesise = (more: Readonly<Record<string, string>>) =>
    expect(run(process.execPath, ['--import', 'tsx', 'main.ts'], more)).toMatchObject({ status: 0 });
  const names = (what: string): readonly string[] =>
    cluster.kubectl(['get', what, '--namespace=tsdb', '--output=name']).stdout.split('\n').filter(Boolean);
  const value = (what: string, path: string): string =>
    cluster.kubectl(['get', what, '--namespace=tsdb', `--output=jsonpath={${path}}`]).stdout;

  it('comes up by one command', () => {
    // The checksums of providers for other machines could only be had from the registry.
    expect(cdktf('deploy', {}, ['--skip-provider-lock'])).toEqual({
      status: 0,
      text: expect.stringMatching(/Apply complete! Resources: \d+ added, 0 changed, 0 destroyed/),
    });
    expect(value('statefulset/tsdb', '.status.readyReplicas')).toBe('1');
    expect(value('deployment/tsdb-api', '.status.readyReplicas')).toBe('2');
    const [job, ...others] = names('jobs');
    expect(others).toEqual([]);
    expect(value(String(job), '.status.succeeded')).toBe('1');
  });

  it('has nothing to change when it is deployed again', () => {
    synthesise({});
    expect(terraform(['apply', '-auto-approve'], stack)).toEqual({
      status: 0,
      text: expect.stringMatching(/No changes\..* 0 added, 0 changed, 0 destroyed/),
    });
  });

  it('has a second deployment beside it, from the same checkout, and each has a state of its own', () => {
    const other = { TSDB_DEPLOY_NAME: 'other', TSDB_DEPLOY_ENVIRONMENT: 'prod' };
    expect(cdktf('deploy', other, ['--skip-provider-lock'])).toEqual({
      status: 0,
      text: expect.stringMatching(/Apply complete! Resources: \d+ added, 0 changed, 0 destroyed/),
    });
    expect(cluster.kubectl(['get', 'statefulset/other', '--namespace=other']).status).toBe(0);
    synthesise({});
    expect(terraform(['plan', '-detailed-exitcode'], stack)).toMatchObject({ status: 0 });
    expect(cdktf('destroy', { ...other, TSDB_DEPLOY_PROTECT_DATA: 'false' })).toMatchObject({ status: 0 });
    expect(cluster.kubectl(['get', 'namespace', 'other']).stderr).toContain('not found');
    expect(names('statefulsets')).toEqual(['statefulset.apps/tsdb']);
    synthesise({});
    expect(terraform(['plan', '-detailed-exitcode'], stack)).toMatchObject({ status: 0 });
  });

  it('grows its volume and memory in place', () => {
    const before = value('persistentvolumeclaim/tsdb-data', '.metadata.uid');
    synthesise({ TSDB_DEPLOY_DISK_GIB: '256', TSDB_DEPLOY_DB_MEMORY_MIB: '4096' });
    const planned = changes();
    expect(planned).toEqual(
      expect.arrayContaining([
        [expect.stringMatching(/^kubernetes_persistent_volume_claim_v1\.database/), ['update']],
        [expect.stringMatching(/^kubernetes_stateful_set_v1\.database/), ['update']],
      ]),
    );
    // The check of the database runs again, and nothing else is made anew.
    expect(planned.filter(([, actions]) => actions.includes('delete'))).toEqual([
      [expect.stringMatching(/^terraform_data\.database_rollout/), ['delete', 'create']],
    ]);
    expect(terraform(['apply', 'plan'], stack)).toMatchObject({ status: 0 });
    expect(value('persistentvolumeclaim/tsdb-data', '.metadata.uid')).toBe(before);
    expect(value('persistentvolumeclaim/tsdb-data', '.spec.resources.requests.storage')).toBe('256Gi');
    expect(value('pod/tsdb-0', '.spec.containers[0].resources.limits.memory')).toBe('4Gi');
  });

  it('is not destroyed while its data is protected', () => {
    expect(terraform(['destroy', '-auto-approve'], stack)).toEqual({
      status: 1,
      text: expect.stringContaining('Instance cannot be destroyed'),
    });
    expect(names('statefulsets')).toEqual(['statefulset.apps/tsdb']);
  });

  it('leaves nothing once the protection is lifted', () => {
    expect(cdktf('destroy', { TSDB_DEPLOY_PROTECT_DATA: 'false' })).toMatchObject({
      status: 0,
      text: expect.stringMatching(/Destroy complete! Resources: \d+ destroyed/),
    });
    expect(cluster.kubectl(['get', 'namespace', 'tsdb']).stderr).toContain('not found');
    expect(existsSync(join(place, 'terraform.tsdb-dev.kubernetes.tfstate'))).toBe(true);
    expect(terraform(['state', 'list'], stack).text.trim()).toBe('');
  });

  /** What Terraform would change. The plan is kept as the file `plan`. */
  function changes(): readonly (readonly [string, readonly string[]])[] {
    expect(terraform(['plan', '-out=plan'], stack)).toMatchObject({ status: 0 });
    const { stdout } = spawnSync('terraform', ['show', '-json', 'plan'], { cwd: stack, encoding: 'utf8' });
    const { resource_changes } = JSON.parse(stdout) as { readonly resource_changes: readonly Change[] };
    return resource_changes
      .map(({ address, change }) => [address, change.actions] as const)
      .filter(([, actions]) => String(actions) !== 'no-op');
  }
});

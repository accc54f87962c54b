// Changes a deployment in a Kubernetes API server with its real controllers: with Terraform, and with kubectl and manifests.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { terraform, whyNoProviders } from '../../infra/core/testing/terraform';
import type { ApiServer } from './testing/api-server';
import { CLUSTER_PROGRAMS, startCluster } from './testing/cluster';
import { findPrograms } from './testing/programs';

const { programs, told } = findPrograms(CLUSTER_PROGRAMS);
const missing = programs === undefined ? told : whyNoProviders();

const ROOT = join(__dirname, '..', '..');

type Settings = Readonly<Record<string, string>>;

interface Change {
  readonly address: string;
  readonly change: { readonly actions: readonly string[] };
}

describeUnless(missing, 'a live deployment', () => {
  let place: string;
  let cluster: ApiServer;

  beforeAll(async () => {
    if (programs === undefined) throw new Error(told);
    place = temporaryFolder();
    cluster = await startCluster(programs);
    const stack = synthesise({});
    expect(terraform(['apply', '-auto-approve'], stack)).toMatchObject({ status: 0 });
  });
  afterAll(async () => {
    await cluster?.stop();
    removeFolder(place);
  });

  function program(file: string, more: Settings, args: readonly string[] = []) {
    const { PATH, HOME } = process.env;
    return spawnSync(process.execPath, ['--import', 'tsx', file, ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      env: {
        ...{ PATH, HOME, CDKTF_OUTDIR: join(place, 'cdktf.out') },
        TSDB_DEPLOY_KUBE_CONFIG: cluster.kubeConfig,
        TSDB_APP_IMAGE: 'registry.example/tsdb:1',
        ...more,
      },
    });
  }
  /** Folder of the stack with these settings, ready for Terraform. */
  function synthesise(more: Settings): string {
    expect(program('main.ts', more)).toMatchObject({ status: 0 });
    const stacks = readdirSync(join(place, 'cdktf.out'), { recursive: true, encoding: 'utf8' });
    const found = stacks.find((path) => /kubernetes\/cdk\.tf\.json$/.test(path)) ?? '';
    const stack = join(place, 'cdktf.out', dirname(found));
    expect(terraform(['init'], stack)).toMatchObject({ status: 0 });
    return stack;
  }
  const manifests = (more: Settings = {}): string => {
    const { status, stdout } = program('scripts/kubernetes/manifests.ts', more);
    expect(status).toBe(0);
    return stdout;
  };
  const DRY = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--filename=-'];
  const value = (what: string, path: string): string =>
    cluster.kubectl(['get', what, '--namespace=tsdb', `--output=jsonpath={${path}}`]).stdout;
  const kubectl = (...args: readonly string[]) =>
    expect(cluster.kubectl(['--namespace=tsdb', ...args])).toMatchObject({ status: 0, stderr: '' });

  describe('takes its manifests in a dry run of the server, without a conflict with Terraform', () => {
    it('as they are, and with everything that has happened to it in the meantime', () => {
      const text = manifests();
      expect(cluster.kubectl(DRY, text)).toMatchObject({ status: 0, stderr: '' });
      // What the autoscaler and an operator do.
      kubectl('scale', 'deployment/tsdb-api', '--replicas=4');
      kubectl('rollout', 'restart', 'deployment/tsdb-api', 'statefulset/tsdb');
      const { stdout, ...rest } = cluster.kubectl(DRY, text);
      expect(rest).toEqual({ status: 0, stderr: '' });
      expect(stdout.trim().split('\n')).toHaveLength(text.split('---\n').length - 1);
      // It differs in the new name of the Job only.
      const { stdout: difference } = cluster.kubectl(['diff', '--server-side', '--filename=-'], text);
      const files = [...difference.matchAll(/^diff .*\/(\S+)$/gm)].map(([, name]) => name);
      expect(files).toEqual([expect.stringMatching(/^batch\.v1\.Job\.tsdb\.tsdb-schema-/)]);
    });

    it('for more memory, other numbers of pods and new passwords', () => {
      const more = {
        TSDB_DEPLOY_DB_MEMORY_MIB: '4096',
        TSDB_DEPLOY_DB_CPUS: '4',
        TSDB_DEPLOY_API_MAX_REPLICAS: '8',
        TSDB_DEPLOY_PASSWORD_VERSION: '2',
      };
      const { status, stderr } = cluster.kubectl([...DRY, '--force-conflicts'], manifests(more));
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    });

    it('but for a larger volume, as a dry run does not raise the quota before it', () => {
      const larger = manifests({ TSDB_DEPLOY_DISK_GIB: '1024' });
      expect(cluster.kubectl([...DRY, '--force-conflicts'], larger)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(
          /^Error from server \(Forbidden\): .*"tsdb-data" is forbidden: exceeded quota: tsdb.*\n$/,
        ),
      });
    });
  });

  describe('with a base for Kustomize', () => {
    const base = (name: string, more: Settings = {}): string => {
      const folder = join(place, name);
      const flags = ['--kustomize', folder];
      expect(program('scripts/kubernetes/manifests.ts', more, flags)).toMatchObject({
        status: 0,
        stdout: '',
      });
      return folder;
    };

    it('takes it in a dry run of the server, too', () => {
      const folder = base('same');
      for (const apply of [['apply', '--server-side'], ['apply']]) {
        const { status, stdout } = cluster.kubectl([...apply, '--dry-run=server', '--kustomize', folder]);
        expect([apply, status]).toEqual([apply, 0]);
        expect(stdout).toMatch(/^job.batch\/tsdb-schema-[0-9a-f]{10} /m);
        expect(stdout).not.toContain('secret/');
      }
    });

    it('comes up from it, and from its next version', () => {
      const named = { TSDB_DEPLOY_NAME: 'gitops' };
      const folder = base('gitops', named);
      const own = (...args: readonly string[]) => kubectl('--namespace=gitops', ...args);
      const first = ['namespace', 'limitrange', 'resourcequota'].map(
        (kind) => `${folder}/database/${kind}-gitops.yaml`,
      );
      own('apply', ...first.map((file) => `--filename=${file}`));
      own('wait', '--for=jsonpath={.status.hard.pods}', 'resourcequota/gitops', '--timeout=60s');
      for (const login of ['superuser', 'owner', 'app', 'monitoring', 'backup'])
        own(
          'create',
          'secret',
          'generic',
          `gitops-${login}`,
          '--from-literal=password=made-by-hand-0123456789',
        );
      const up = () => {
        own('apply', '--server-side', '--kustomize', folder);
        for (const workload of ['statefulset/gitops', 'deployment/gitops-api'])
          own('rollout', 'status', workload, '--timeout=60s');
        own('wait', '--for=condition=Complete', 'jobs', '--all', '--timeout=60s');
        return cluster
          .kubectl(['--namespace=gitops', 'get', 'jobs', '--output=name'])
          .stdout.trim()
          .split('\n');
      };
      expect(up()).toHaveLength(1);
      expect(up()).toHaveLength(1);
      base('gitops', { ...named, TSDB_APP_IMAGE: 'registry.example/tsdb:2', TSDB_DEPLOY_DB_CPUS: '2' });
      expect(up()).toHaveLength(2);
    });
  });

  it('grows its volumes in place, to a size that is spelled otherwise', () => {
    const claims = () =>
      ['data', 'backups'].map((name) => value(`persistentvolumeclaim/tsdb-${name}`, '.metadata.uid'));
    const before = claims();
    const grown = { TSDB_DEPLOY_DISK_GIB: '1024', TSDB_DEPLOY_BACKUP_GIB: '128' };
    const stack = synthesise(grown);
    expect(plan(stack).filter(([, actions]) => String(actions) !== 'update')).toEqual([]);
    // There has not been a backup yet, so that this claim has no volume that could grow.
    expect(terraform(['apply', 'plan'], stack)).toEqual({
      status: 1,
      text: expect.stringMatching(/"tsdb-backups" is invalid: .* for bound claims/),
    });
    kubectl('create', 'job', 'by-hand', '--from=cronjob/tsdb-backup');
    kubectl('wait', '--for=condition=Complete', 'job/by-hand', '--timeout=60s');
    expect(plan(stack)).toEqual([
      [expect.stringMatching(/^kubernetes_persistent_volume_claim_v1\.backup/), ['update']],
    ]);
    expect(terraform(['apply', 'plan'], stack)).toMatchObject({ status: 0 });
    expect(claims()).toEqual(before);
    expect(value('persistentvolumeclaim/tsdb-data', '.spec.resources.requests.storage')).toBe('1Ti');
    expect(value('persistentvolumeclaim/tsdb-backups', '.spec.resources.requests.storage')).toBe('128Gi');
    expect(value('resourcequota/tsdb', '.spec.hard.requests\\.storage')).toBe('1152Gi');
    expect(plan(synthesise(grown))).toEqual([]);
    // A volume cannot shrink: it would be another one, without the data.
    expect(terraform(['plan'], synthesise({}))).toEqual({
      status: 1,
      text: expect.stringContaining('Instance cannot be destroyed'),
    });
  });

  it('rotates all passwords in place, without another database pod', () => {
    const settings = {
      TSDB_DEPLOY_DISK_GIB: '1024',
      TSDB_DEPLOY_BACKUP_GIB: '128',
      TSDB_DEPLOY_PASSWORD_VERSION: '2',
    };
    const secrets = ['superuser', 'owner', 'app', 'monitoring', 'backup'].map(
      (login) => `secret/tsdb-${login}`,
    );
    const passwords = () => secrets.map((secret) => value(secret, '.data.password'));
    const identities = () =>
      [...secrets, 'statefulset/tsdb', 'pod/tsdb-0'].map((what) => value(what, '.metadata.uid'));
    const [before, same, job] = [passwords(), identities(), value('jobs', '.items[*].metadata.name')];
    const stack = synthesise(settings);
    const changed = plan(stack);
    expect(changed.map(([address, actions]) => `${actions} ${address.split('.')[0]}`).sort()).toEqual(
      [
        'create,delete kubernetes_job_v1',
        'update kubernetes_deployment_v1',
        ...secrets.map(() => 'update kubernetes_secret_v1'),
      ].map((line) =>
        line.startsWith('create') ? expect.stringMatching(/^(create,delete|delete,create) /) : line,
      ),
    );
    expect(terraform(['apply', 'plan'], stack)).toMatchObject({ status: 0 });
    expect(identities()).toEqual(same);
    const after = passwords();
    expect(new Set([...before, ...after]).size).toBe(2 * secrets.length);
    expect(value('jobs', '.items[*].metadata.name')).not.toBe(job);
    expect(plan(synthesise(settings))).toEqual([]);
    expect(passwords()).toEqual(after);
  });

  /** What Terraform would change in the cluster. The plan is kept as the file `plan`. */
  function plan(stack: string): readonly (readonly [string, readonly string[]])[] {
    expect(terraform(['plan', '-out=plan'], stack)).toMatchObject({ status: 0 });
    const { stdout } = spawnSync('terraform', ['show', '-json', 'plan'], { cwd: stack, encoding: 'utf8' });
    const { resource_changes } = JSON.parse(stdout) as { readonly resource_changes: readonly Change[] };
    return resource_changes
      .map(({ address, change }) => [address, change.actions] as const)
      .filter(([address, actions]) => address.startsWith('kubernetes_') && String(actions) !== 'no-op');
  }
});

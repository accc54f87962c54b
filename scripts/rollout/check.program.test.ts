// The check as Terraform runs it: in the folder of a stack, with what to wait for in the environment.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { itUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { crashing, pod, statefulSet } from './testing/objects';
import { type StubApiServer, startStubApiServer } from './testing/stub-api-server';

/** A key and a certificate for 127.0.0.1; undefined without openssl. */
function selfSigned(): { readonly key: string; readonly cert: string } | undefined {
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const about = ['-days', '1', '-subj', '/CN=stub', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const args = [...kind, ...about, '-keyout', '-', '-out', '-'];
  const { status, stdout } = spawnSync('openssl', args, { encoding: 'utf8' });
  const part = (label: string): string =>
    new RegExp(`-----BEGIN ${label}-----[^]+?-----END ${label}-----`).exec(stdout)?.[0] ?? '';
  return status === 0 ? { key: part('PRIVATE KEY'), cert: part('CERTIFICATE') } : undefined;
}

const ROOT = join(__dirname, '..', '..');
const SETS = '/apis/apps/v1/namespaces/tsdb/statefulsets';
const PODS = '/api/v1/namespaces/tsdb/pods';
const REQUEST = { namespace: 'tsdb', targets: [{ kind: 'StatefulSet', name: 'tsdb', seconds: 60 }] };

describe('the check of a rollout', () => {
  let folder: string;
  let server: StubApiServer;
  beforeEach(async () => {
    folder = temporaryFolder();
    server = await startStubApiServer();
    provider({ config_path: join(folder, 'kubeconfig') });
    kubeconfig({ name: 'me', user: { token: 'secret-token' } });
    server.put(SETS, statefulSet());
  });
  afterEach(async () => {
    await server.stop();
    removeFolder(folder);
  });

  const provider = (block: object): void =>
    writeFileSync(join(folder, 'cdk.tf.json'), JSON.stringify({ provider: { kubernetes: [block] } }));
  const kubeconfig = (user: object): void =>
    writeFileSync(
      join(folder, 'kubeconfig'),
      JSON.stringify({
        ...{ apiVersion: 'v1', kind: 'Config', users: [user], 'current-context': 'here' },
        clusters: [{ name: 'stub', cluster: { server: server.url, 'insecure-skip-tls-verify': true } }],
        contexts: [{ name: 'here', context: { cluster: 'stub', user: 'me' } }],
      }),
    );

  function check(request: object = REQUEST, env: Readonly<Record<string, string>> = {}) {
    const args = [
      '--require',
      join(ROOT, 'scripts', 'start', 'register.cjs'),
      join(ROOT, 'scripts', 'rollout', 'check.ts'),
    ];
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env: { PATH, HOME, TSDB_ROLLOUT: JSON.stringify(request), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    const end = new Promise<{ code: number | null; text: string }>((resolve, reject) => {
      child.once('error', reject).once('close', (code) => resolve({ code, text }));
    });
    return { child, end, said: () => text };
  }

  it('ends with 0 when everything is up', async () => {
    expect(await check().end).toEqual({ code: 0, text: 'StatefulSet tsdb: 1 of 1 ready\n' });
  });

  it('ends with 1 and the reason of the pod', async () => {
    server.put(SETS, statefulSet({ availableReplicas: 0 }));
    server.put(PODS, pod('set', crashing(5, 'no such file')));
    const { code, text } = await check().end;
    expect(code).toBe(1);
    expect(text).toMatch(/error: StatefulSet tsdb failed: pod set-0, container main: CrashLoopBackOff/);
    expect(text).toContain('  | no such file');
    expect(text).not.toContain('secret-token');
    expect(text).not.toMatch(/^\s+at /m);
  });

  it('stops when it is interrupted', async () => {
    server.put(SETS, statefulSet({ availableReplicas: 0 }));
    const { child, end, said } = check();
    await new Promise<void>((resolve) => {
      child.stderr.on('data', () => {
        if (said().includes('0 of 1 ready')) resolve();
      });
    });
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 130 });
  });

  it('asks the program that the kubeconfig names for a token', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      command: process.execPath,
      args: ['-e', 'process.stderr.write("run az login first"); process.exit(1)'],
    };
    kubeconfig({ name: 'me', user: { exec } });
    expect(await check().end).toEqual({
      code: 1,
      text: expect.stringMatching(/the login to the cluster failed with \S+: run az login first/),
    });
  });

  const certificate = selfSigned();
  itUnless(certificate === undefined ? 'no openssl to make a certificate with' : undefined)(
    'connects to a cluster of Azure as the provider does',
    async () => {
      if (certificate === undefined) throw new Error('there is no certificate');
      const secure = await startStubApiServer(certificate);
      secure.put(SETS, statefulSet());
      provider({
        host: `\${data.azurerm_kubernetes_cluster.aks.kube_config[0].host}`,
        exec: [
          {
            api_version: 'client.authentication.k8s.io/v1beta1',
            command: process.execPath,
            args: ['-e', 'console.log(JSON.stringify({ status: { token: "of-azure" } }))'],
          },
        ],
      });
      try {
        const cluster = { host: secure.url, certificate: certificate.cert };
        expect(await check({ ...REQUEST, cluster }).end).toMatchObject({ code: 0 });
        expect(secure.tokens).toEqual(['Bearer of-azure']);
        // Another authority is not trusted.
        const other = { host: secure.url, certificate: selfSigned()?.cert ?? '' };
        const { code, text } = await check({ ...REQUEST, cluster: other }).end;
        expect(code).toBe(1);
        expect(text).toMatch(/the certificate of the cluster at \S+ is not trusted/);
      } finally {
        await secure.stop();
      }
    },
  );

  it.each<[what: string, prepare: () => void, env: Record<string, string>, message: RegExp]>([
    [
      'a kubeconfig that is not there',
      () => provider({ config_path: '~/no-such-file' }),
      {},
      /the kubeconfig \/.*\/no-such-file cannot be read: .*; set TSDB_DEPLOY_KUBE_CONFIG to yours/,
    ],
    [
      'a context that is not there',
      () => provider({ config_path: 'kubeconfig', config_context: 'there' }),
      {},
      /has no context "there"; there are: here\. Set TSDB_DEPLOY_KUBE_CONTEXT/,
    ],
    [
      'a limit that is none',
      () => undefined,
      { TSDB_ROLLOUT_LIMIT: 'soon' },
      /TSDB_ROLLOUT_LIMIT must be a whole number of seconds above 0, got "soon"/,
    ],
    ['no request', () => undefined, { TSDB_ROLLOUT: '' }, /people run "npm run pipeline:rollout"/],
    ['another request', () => undefined, { TSDB_ROLLOUT: '{}' }, /does not say what to wait for: \{\}/],
  ])('says what is wrong: %s', async (_what, prepare, env, message) => {
    prepare();
    expect(await check(REQUEST, env).end).toEqual({ code: 1, text: expect.stringMatching(message) });
  });
});

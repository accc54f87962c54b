// For tests: a Kubernetes API server on the loopback interface, with its store, in a folder of its own.
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { quietPort } from '../../../db/local/testing/quiet-port';
import { startThrowAway, type ThrowAwayProcess } from '../../testing/throw-away-process';
import type { Programs } from './programs';

/** What a suite of this server needs. */
export const API_SERVER_PROGRAMS = ['etcd', 'kube-apiserver', 'kubectl'] as const;

export interface ApiServer {
  /** Kubeconfig file of a user who may do everything. */
  readonly kubeConfig: string;
  /** Folder for certificates of programs that belong to the server. */
  readonly certificates: string;
  /** The server's certificate, which is also its authority. */
  readonly certificate: string;
  /** The key that signs the tokens of service accounts. */
  readonly accountKey: string;
  kubectl(
    args: readonly string[],
    input?: string,
  ): { readonly status: number | null; readonly stdout: string; readonly stderr: string };
  /** Starts another program of the cluster. It ends with the server. */
  start(program: string, args: readonly string[]): ThrowAwayProcess;
  stop(): Promise<void>;
}

/** Starts etcd and kube-apiserver, with the admission that they have by default, and waits until they are ready. */
export async function startApiServer(
  programs: Programs<(typeof API_SERVER_PROGRAMS)[number]>,
): Promise<ApiServer> {
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder, name);
  const port = await quietPort();
  const [store, peers] = [`http://127.0.0.1:${await quietPort()}`, `http://127.0.0.1:${await quietPort()}`];
  const token = randomBytes(16).toString('hex');
  // The server makes its certificate itself.
  const certificate = join(at('certificates'), 'apiserver.crt');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const files: Readonly<Record<string, string | Buffer>> = {
    'account.key': privateKey.export({ type: 'pkcs1', format: 'pem' }),
    'tokens.csv': `${token},tester,tester,system:masters\n`,
    kubeconfig: kubeConfig(`https://127.0.0.1:${port}`, certificate, token),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content, { mode: 0o600 });

  const kubectl: ApiServer['kubectl'] = (args, input = '') => {
    // The cache of kubectl is removed with the server.
    const env = { PATH: process.env.PATH, HOME: folder };
    const line = [`--kubeconfig=${at('kubeconfig')}`, ...args];
    const { status, stdout, stderr } = spawnSync(programs.kubectl, line, { encoding: 'utf8', input, env });
    return { status, stdout, stderr };
  };
  const started: ThrowAwayProcess[] = [];
  const start: ApiServer['start'] = (program, args) => {
    const one = startThrowAway(program, args, { logFile: at(`${basename(program)}.log`) });
    started.push(one);
    return one;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.stop()));
    removeFolder(folder);
  };
  start(programs.etcd, [
    '--name=store',
    `--data-dir=${at('etcd')}`,
    `--listen-client-urls=${store}`,
    `--advertise-client-urls=${store}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=store=${peers}`,
    '--unsafe-no-fsync',
  ]);
  const server = start(programs['kube-apiserver'], [
    `--etcd-servers=${store}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    // No other server needs to find this one.
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=RBAC',
    ...watchArguments(programs.etcd),
    `--token-auth-file=${at('tokens.csv')}`,
    `--service-account-key-file=${at('account.key')}`,
    `--service-account-signing-key-file=${at('account.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--cert-dir=${at('certificates')}`,
  ]);
  try {
    await server.until(
      'it was ready',
      async () => existsSync(certificate) && kubectl(['get', '--raw', '/readyz']).stdout === 'ok',
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kubeConfig: at('kubeconfig'),
    certificates: at('certificates'),
    certificate,
    accountKey: at('account.key'),
    kubectl,
    start,
    stop,
  };
}

// An old store does not support the newest way to watch, and clients wait for seconds after each refusal.
function watchArguments(etcd: string): readonly string[] {
  const { stdout } = spawnSync(etcd, ['--version'], { encoding: 'utf8' });
  return /Version: 3\.4\./.test(stdout) ? ['--feature-gates=WatchList=false'] : [];
}

// JSON is YAML.
function kubeConfig(server: string, certificate: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': certificate } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}

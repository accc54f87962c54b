// For tests: a Kubernetes API server on the loopback interface, with its store, in a folder of its own.
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { quietPort } from '../../../db/local/testing/quiet-port';
import { startThrowAway, type ThrowAwayProcess } from '../../testing/throw-away-process';
import type { Programs } from './programs';

/** What a suite of this server needs. */
export const API_SERVER_PROGRAMS = ['etcd', 'kube-apiserver', 'kubectl'] as const;

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ApiServer {
  /** Kubeconfig file of somebody who may do everything. */
  readonly kubeConfig: string;
  /** For files of whatever runs beside the server; removed with it. */
  readonly folder: string;
  /** The server's certificate, which is also its authority. */
  readonly certificate: string;
  /** The key that signs the tokens of service accounts. */
  readonly accountKey: string;
  kubectl(args: readonly string[], input?: string): Ran;
  stop(): Promise<void>;
}

/** Starts etcd and kube-apiserver, with the admission that they have by default, and waits until they are ready. */
export async function startApiServer(
  programs: Programs<(typeof API_SERVER_PROGRAMS)[number]>,
): Promise<ApiServer> {
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder, name);
  const started: ThrowAwayProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.stop()));
    removeFolder(folder);
  };
  try {
    const [client, peer, secure] = [await quietPort(), await quietPort(), await quietPort()];
    const token = randomBytes(16).toString('hex');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const secret = { mode: 0o600 };
    writeFileSync(at('account.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), secret);
    writeFileSync(at('tokens.csv'), `${token},tester,tester,system:masters\n`, secret);
    // The server makes its certificate itself.
    const certificate = join(at('certificates'), 'apiserver.crt');
    writeFileSync(at('kubeconfig'), kubeConfig(`https://127.0.0.1:${secure}`, certificate, token), secret);
    const etcd = startThrowAway(programs.etcd, etcdArguments(at('etcd'), client, peer), {
      logFile: at('etcd.log'),
    });
    started.push(etcd);
    const server = startThrowAway(
      programs['kube-apiserver'],
      [
        `--etcd-servers=http://127.0.0.1:${client}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        `--secure-port=${secure}`,
        // There is nobody that services could lead to.
        '--endpoint-reconciler-type=none',
        '--service-cluster-ip-range=10.96.0.0/16',
        '--authorization-mode=RBAC',
        ...watchArguments(programs.etcd),
        `--token-auth-file=${at('tokens.csv')}`,
        `--service-account-key-file=${at('account.key')}`,
        `--service-account-signing-key-file=${at('account.key')}`,
        '--service-account-issuer=https://kubernetes.default.svc',
        `--cert-dir=${at('certificates')}`,
      ],
      { logFile: at('kube-apiserver.log') },
    );
    started.push(server);
    const kubectl = (args: readonly string[], input = ''): Ran =>
      run(programs.kubectl, [`--kubeconfig=${at('kubeconfig')}`, ...args], { input, home: folder });
    await server.until(
      'it was ready',
      async () => existsSync(certificate) && kubectl(['get', '--raw', '/readyz']).stdout === 'ok',
    );
    return {
      kubeConfig: at('kubeconfig'),
      folder,
      certificate,
      accountKey: at('account.key'),
      kubectl,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function etcdArguments(folder: string, client: number, peer: number): readonly string[] {
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  return [
    '--name=store',
    `--data-dir=${folder}`,
    `--listen-client-urls=${clients}`,
    `--advertise-client-urls=${clients}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=store=${peers}`,
    '--unsafe-no-fsync',
  ];
}

// The newest way to watch needs a newer store, and clients that try it there wait for seconds after each refusal.
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

function run(
  program: string,
  args: readonly string[],
  { input, home }: { readonly input: string; readonly home: string },
): Ran {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    input,
    // Its cache belongs to this server, and goes with it.
    env: { PATH: process.env.PATH, HOME: home },
  });
  return { status, stdout, stderr };
}

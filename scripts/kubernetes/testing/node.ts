// For tests: a node that runs pods in namespaces of Linux, with their own users, mounts, processes and network.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { startThrowAway, type ThrowAwayProcess } from '../../testing/throw-away-process';
import { type Image, rootScript } from './pod-root';
import type { Container, PodSpec, Probe } from './pod-spec';
import { makeVolumes, type Secrets, writeSecrets } from './pod-volumes';

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** A pod whose volumes have been made. */
export interface Pod {
  /** Runs a container to its end. A command takes the place of the container's own, as with `kubectl exec`. */
  run(container: Container, image: Image, command?: readonly string[]): Ran;
  /** Starts a container that goes on running. */
  start(container: Container, image: Image): ThrowAwayProcess;
  /** Whether a probe succeeds now. */
  probe(probe: Probe | undefined, container: Container, image: Image): boolean;
}

export interface Node {
  pod(spec: PodSpec): Pod;
  /** Changes a Secret, and delivers it to the volumes of all pods. */
  deliver(secret: string, values: Readonly<Record<string, string>>): void;
  /** Sends a request into the network of the pods. The code is 0 when the answer is a good one. */
  get(url: string): Ran;
  stop(): Promise<void>;
}

const NEEDED = ['unshare', 'nsenter', 'setpriv', 'chroot', 'mount', 'ip'];

/** Why pods cannot be run here; undefined when they can. */
export function missingForPods(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.geteuid?.() !== 0) return 'not root';
  const missing = NEEDED.find((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  if (missing !== undefined) return `no ${missing}`;
  const trial = ['--mount', '--net', '--pid', '--fork', 'ip', 'link', 'set', 'lo', 'up'];
  return spawnSync('unshare', trial).status === 0 ? undefined : 'no right to make namespaces';
}

/**
 * Starts a node whose pods share one network, apart from that of this machine.
 * @param given their first contents
 * @param hosts names of services that pods connect to
 */
export async function startNode(given: Secrets, hosts: readonly string[]): Promise<Node> {
  const folder = temporaryFolder();
  let secrets = given;
  const pods: (readonly [PodSpec, ReturnType<typeof makeVolumes>])[] = [];
  const pidFile = join(folder, 'network.pid');
  const keep = `ip link set lo up && echo $$ >'${pidFile}' && exec sleep infinity`;
  const logFile = join(folder, 'network.log');
  const started = [startThrowAway('unshare', ['--net', 'sh', '-c', keep], { logFile })];
  const stop = async (): Promise<void> => {
    if (existsSync(pidFile)) endNetwork(readFileSync(pidFile, 'utf8').trim());
    for (const one of [...started].reverse()) await one.stop();
    removeFolder(folder);
  };
  await started[0]
    ?.until('its network was up', async () => existsSync(pidFile))
    .catch(async (error) => {
      await stop();
      throw error;
    });
  const inNetwork = ['nsenter', `--net=/proc/${readFileSync(pidFile, 'utf8').trim()}/ns/net`];
  const get = (url: string): Ran => run([...inNetwork, process.execPath, '-e', GET, url]);

  const pod = (spec: PodSpec): Pod => {
    const volumes = makeVolumes(folder, spec, secrets);
    pods.push([spec, volumes]);
    const lineOf = (container: Container, image: Image, command?: readonly string[]): readonly string[] => {
      const root = mkdtempSync(join(folder, `root-${container.name}-`));
      return [
        ...inNetwork,
        ...['unshare', '--mount', '--pid', '--fork', '--kill-child'],
        ...['sh', '-c', rootScript(root, { image, container, volumes, hosts }), 'sh'],
        ...asUser(spec, container),
        ...environment(container, image),
        ...(command ?? [...(container.command ?? image.entrypoint), ...(container.args ?? [])]),
      ];
    };
    return {
      run: (...what) => run(lineOf(...what)),
      start: (container, image) => {
        const [program = '', ...args] = lineOf(container, image);
        const one = startThrowAway(program, args, { logFile: join(folder, `${container.name}.log`) });
        started.push(one);
        return one;
      },
      probe: (probe, container, image) => {
        if (probe?.exec) return run(lineOf(container, image, probe.exec.command)).code === 0;
        if (probe?.httpGet)
          return get(`http://127.0.0.1:${probe.httpGet.port}${probe.httpGet.path}`).code === 0;
        throw new Error(`${container.name} has no such probe`);
      },
    };
  };
  const deliver: Node['deliver'] = (secret, values) => {
    secrets = { ...secrets, [secret]: values };
    for (const [spec, volumes] of pods) writeSecrets(spec, volumes, secrets);
  };
  return { pod, deliver, get, stop };
}

function run([program = '', ...args]: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  return { code: status, output: `${stdout}${stderr}` };
}

// Ends with 0 after an answer that a probe takes as success, with 1 after another answer, and with 2 without one.
const GET = `fetch(process.argv[1]).then(async (answer) => {
  process.stdout.write(await answer.text());
  process.exitCode = answer.status < 400 ? 0 : 1;
}, (error) => { console.error(error.cause ?? error); process.exitCode = 2; })`;

/** Ends all programs in the network of a process. The kernel forgets `--kill-child` for a program that has become another user. */
function endNetwork(pid: string): void {
  const networkOf = (process: string): string | undefined => {
    try {
      return readlinkSync(`/proc/${process}/ns/net`);
    } catch {
      return undefined; // it has ended
    }
  };
  const network = networkOf(pid);
  // Never the network of the machine, whatever the number means by now.
  if (network === undefined || network === networkOf('self')) return;
  const programs = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && networkOf(name) === network);
  for (const program of programs) spawnSync('kill', ['-KILL', program]);
}

function asUser(
  { securityContext = {} }: PodSpec,
  { securityContext: own = {} }: Container,
): readonly string[] {
  const user = own.runAsUser ?? securityContext.runAsUser;
  const group = own.runAsGroup ?? securityContext.runAsGroup;
  if (user === undefined || group === undefined) throw new Error('the pod does not say whom it runs as');
  const groups = [...new Set([group, securityContext.fsGroup ?? group])].join(',');
  const identity = [`--reuid=${user}`, `--regid=${group}`, `--groups=${groups}`];
  return ['setpriv', ...identity, '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
}

function environment({ env = [] }: Container, { path }: Image): readonly string[] {
  const given = env.map(({ name, value }) => `${name}=${value ?? ''}`);
  return ['env', '--ignore-environment', `PATH=${path}`, 'LANG=C.UTF-8', ...given];
}

// For tests: a machine in a folder. Its disk is a plain folder, its cloud is on the loopback interface, its docker a stand-in.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTimescaleBinaries } from '../../../db/local/binaries';
import { serverUser } from '../../../db/local/system-user';
import { becomesTrue, lives, removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { quietPort } from '../../../db/local/testing/quiet-port';
import { type FakeAzure, startFakeAzure } from './fake-azure';
import type { StandInSettings } from './stand-in-settings';

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

export interface Machine {
  readonly azure: FakeAzure;
  /** Stands for the data disk. */
  readonly disk: string;
  /** Stands for the folder in memory. */
  readonly memory: string;
  /** Everything that the stand-ins remember, logs included. */
  readonly state: string;
  /** Address that Caddy's stand-in answers at. */
  readonly url: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Names of the images that the stand-in for docker has. */
  images(): readonly string[];
  /** Runs the stand-in for docker. */
  docker(...args: readonly string[]): Promise<Ran>;
  run(script: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** Every secret that the vault had when something was run. */
  secretsEver(): readonly string[];
  /** Ends a container as a power cut does. */
  kill(name: string): Promise<void>;
  container(name: string): { readonly pid: number; readonly port: number } | undefined;
  stop(): Promise<void>;
}

/** The programs that the scripts need and a machine of the cloud has. */
const NEEDED = ['bash', 'curl', 'jq', 'flock', 'findmnt', 'sha256sum', 'tar'];

const ROOT = join(__dirname, '..', '..', '..');

const NAMES = ['postgres', 'owner', 'app', 'monitoring', 'backup', 'repository'];

/** What only real machines have, or would change this one. */
const STAND_INS: Readonly<Record<string, string>> = {
  systemctl: 'echo "systemctl $*" >>"$STATE/system.log"',
  xfs_growfs: 'echo "xfs_growfs $*" >>"$STATE/system.log"',
  mountpoint: '[ ! -e "$STATE/unmounted" ]',
  iptables: 'echo "iptables $*" >>"$STATE/system.log"; case "$*" in *-C*) exit 1 ;; esac',
  'iptables-restore': 'cat >>"$STATE/system.log"',
};

/** Why no machine can be stood in for here; undefined when one can. */
export function missingForMachine(): string | undefined {
  const program = NEEDED.find((name) => onPath(name) === undefined);
  if (program !== undefined) return `no ${program}`;
  const binaries = findTimescaleBinaries(process.env);
  if (binaries === undefined) return 'no TimescaleDB';
  const client = ['psql', 'pg_dump', 'pg_restore'].find((name) => !existsSync(join(binaries.binDir, name)));
  return client === undefined ? undefined : `no ${client} beside the server`;
}

const onPath = (name: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));

/** A machine that cloud-init has just finished with: nothing is deployed on it yet. */
export async function startMachine(): Promise<Machine> {
  const folder = temporaryFolder();
  const [disk, memory, state, units, bin] = ['disk', 'memory', 'state', 'units', 'bin'].map((name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  }) as [string, string, string, string, string];
  // A socket's path has room for 107 bytes.
  const sockets = mkdtempSync(join(tmpdir(), 'tsdb-s-'));
  const user = serverUser();
  if (user !== undefined) chownSync(sockets, user.uid, user.gid);
  const azure = await startFakeAzure();
  for (const name of NAMES) azure.secrets.set(`tsdb-${name}`, randomBytes(24).toString('hex'));
  azure.describe({
    vaultUri: `${azure.url}/vault/`,
    secretNames: Object.fromEntries(NAMES.map((name) => [name, `tsdb-${name}`])),
    storageAccount: 'none',
    bundleContainer: 'bundles',
    backupContainer: 'backups',
    dumpContainer: 'dumps',
    apiHostName: '',
  });
  // The stand-ins come to listen on them much later, and more than once.
  const port = async (): Promise<string> => String(await quietPort());
  const proxyPort = await port();
  const settings: StandInSettings = {
    state,
    sockets,
    proxyPort,
    bluePort: await port(),
    greenPort: await port(),
    adminPort: await port(),
    databasePort: await port(),
    caddy: onPath('caddy') ?? '',
    pgBin: findTimescaleBinaries(process.env)?.binDir ?? '',
    serverUid: String(user?.uid ?? ''),
    serverGid: String(user?.gid ?? ''),
  };
  const standIn = join(state, 'settings.json');
  writeFileSync(standIn, JSON.stringify(settings));
  placeStandIns(bin, state);
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    METADATA_URL: azure.url,
    TSDB_API_WAIT: '60',
    TSDB_APP_UID: String(process.getuid?.() ?? 0),
    TSDB_AZURE_RETRIES: '0',
    TSDB_BLOB_URL: `${azure.url}/blobs`,
    TSDB_ROOT: disk,
    TSDB_RUN: memory,
    TSDB_STAND_IN: standIn,
    TSDB_UNITS: units,
  };
  const ever = new Set<string>();
  const newLog = (): string => join(state, `output-${randomBytes(6).toString('hex')}.log`);
  const container: Machine['container'] = (name) => {
    const file = join(state, `${name}.json`);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  };
  return {
    azure,
    disk,
    memory,
    state,
    url: `http://127.0.0.1:${proxyPort}`,
    owner: user ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    run: async (script, args, more = {}) => {
      for (const value of azure.secrets.values()) ever.add(value);
      return run(script, args, { ...env, ...more }, newLog());
    },
    images: () => JSON.parse(readFileSync(join(state, 'images.json'), 'utf8')),
    docker: (...args) => run(join(bin, 'docker'), args, env, newLog()),
    secretsEver: () => [...ever],
    kill: (name) => end(name, container(name)?.pid),
    container,
    stop: async () => {
      for (const name of ['caddy', 'api-blue', 'api-green', 'timescaledb'])
        await end(name, container(name)?.pid);
      await azure.stop();
      removeFolder(sockets);
      removeFolder(folder);
    },
  };
}

/** Paths of all files below a folder. */
export const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

function placeStandIns(bin: string, state: string): void {
  // Built once: a command is run dozens of times, and translating it each time takes longer than what it does.
  const esbuild = join(ROOT, 'node_modules', 'esbuild', 'bin', 'esbuild');
  const sources = ['stand-in-docker.ts', 'stand-in-proxy.ts'].map((name) => join(__dirname, name));
  const built = spawnSync(esbuild, [...sources, '--bundle', '--platform=node', `--outdir=${bin}`], {
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`the stand-ins cannot be built: ${built.stderr}`);
  const curl = `echo "curl $*" >>"$STATE/system.log"; exec '${onPath('curl')}' "$@"`;
  const docker = `exec '${process.execPath}' '${join(bin, 'stand-in-docker.js')}' "$@"`;
  for (const [name, body] of Object.entries({ ...STAND_INS, curl, docker })) {
    writeFileSync(join(bin, name), `#!/bin/sh\nSTATE='${state}'\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
}

// A file and no pipe: containers may hold on to it for as long as they live, and yet it is whole when the script ends.
function run(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<Ran> {
  const log = openSync(logFile, 'a');
  const child = spawn('bash', [script, ...args], { cwd: '/', env, stdio: ['ignore', log, log] });
  closeSync(log);
  return new Promise((resolve, reject) => {
    child
      .once('error', reject)
      .once('exit', (code) => resolve({ code, output: readFileSync(logFile, 'utf8') }));
  });
}

// At once; but a database that is killed may still hold its memory when the next one starts on the same data.
async function end(name: string, pid: number | undefined): Promise<void> {
  if (pid === undefined || !lives(pid)) return;
  process.kill(pid, name === 'timescaledb' ? 'SIGINT' : 'SIGKILL');
  if (!(await becomesTrue(() => !lives(pid)))) process.kill(pid, 'SIGKILL');
}

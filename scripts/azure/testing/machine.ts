// For tests: a virtual machine of Azure in a folder. Its disk is a folder, its cloud answers on the loopback interface, and
// its docker runs processes of this machine.
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTimescaleBinaries } from '../../../db/local/binaries';
import { serverUser } from '../../../db/local/system-user';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { quietPort } from '../../../db/local/testing/quiet-port';
import { type Docker, startDocker } from './docker';
import { type FakeAzure, startFakeAzure } from './fake-azure';
import { runProgram } from './run-program';

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

export interface Machine {
  readonly azure: FakeAzure;
  readonly docker: Docker;
  /** Folder in place of the data disk. */
  readonly disk: string;
  /** Folder in place of the one in memory. */
  readonly memory: string;
  /** Folder of all logs, and of the arguments of commands. */
  readonly state: string;
  /** Address that Caddy answers at. */
  readonly url: string;
  readonly databasePort: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  run(script: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** Every secret that was in the vault while a script ran. */
  secretsEver(): readonly string[];
  stop(): Promise<void>;
}

/** The programs that the scripts need. A machine of Azure has them. */
const NEEDED = ['bash', 'curl', 'jq', 'flock', 'findmnt', 'sha256sum', 'tar'];

const NAMES = ['postgres', 'owner', 'app', 'monitoring', 'backup', 'repository'];

/** What stands for programs that a folder cannot have, or that would change this machine. Their arguments are logged. */
const STAND_INS: Readonly<Record<string, string>> = {
  systemctl: 'true',
  xfs_growfs: 'true',
  mountpoint: 'true',
  // Asked for a rule, it says that there is none yet.
  iptables: 'case "$*" in *-C*) exit 1 ;; esac',
  'iptables-restore': 'cat >>"$LOG"',
};

/** Why the machine cannot be set up here; undefined when it can. */
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

/** A database that is not on the machine. */
export interface DatabaseElsewhere {
  readonly port: number;
  /** File with the authority of its certificate. */
  readonly authority: string;
}

/** Sets up a machine as cloud-init leaves it. Nothing is deployed on it yet. */
export async function startMachine(elsewhere?: DatabaseElsewhere): Promise<Machine> {
  const folder = temporaryFolder();
  const [disk, memory, state, units, bin] = ['disk', 'memory', 'state', 'units', 'bin'].map((name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  }) as [string, string, string, string, string];
  // A socket's path has room for 107 bytes.
  const sockets = mkdtempSync(join(tmpdir(), 'tsdb-s-'));
  const user = serverUser();
  if (user !== undefined) chownSync(sockets, user.uid, user.gid);
  placeStandIns(bin, join(state, 'system.log'));
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
    ...(elsewhere === undefined ? {} : { databaseHost: 'c-cosmos.example.org' }),
  });
  const uid = process.getuid?.() ?? 0;
  const variables = { TSDB_ROOT: disk, TSDB_RUN: memory, TSDB_APP_UID: String(uid) };
  const port = async (): Promise<string> => String(await quietPort());
  const ports = {
    timescaledb: elsewhere === undefined ? await port() : String(elsewhere.port),
    'api-blue': await port(),
    'api-green': await port(),
    'consume-kafka': await port(),
    'pooler-blue': await port(),
    'pooler-green': await port(),
    caddy: await port(),
    caddyAdmin: await port(),
  };
  const pgBin = findTimescaleBinaries(process.env)?.binDir ?? '';
  const environment: Record<string, string> =
    elsewhere === undefined ? {} : { NODE_EXTRA_CA_CERTS: elsewhere.authority };
  const host = { state, sockets, pgBin, user, hasCaddy: onPath('caddy') !== undefined, ports, environment };
  const docker = await startDocker(join(bin, 'docker'), host, variables);
  const env = {
    ...variables,
    PATH: `${bin}:${process.env.PATH}`,
    METADATA_URL: azure.url,
    TSDB_API_WAIT: '60',
    TSDB_CONSUMER_WAIT: '2',
    TSDB_AZURE_RETRIES: '0',
    TSDB_BLOB_URL: `${azure.url}/blobs`,
    TSDB_UNITS: units,
  };
  const ever = new Set<string>();
  return {
    azure,
    docker,
    disk,
    memory,
    state,
    url: `http://127.0.0.1:${ports.caddy}`,
    databasePort: ports.timescaledb,
    owner: user ?? { uid, gid: process.getgid?.() ?? 0 },
    run: async (script, args, more = {}) => {
      for (const value of azure.secrets.values()) ever.add(value);
      const { code, stdout, stderr } = await runProgram(['bash', script, ...args], { ...env, ...more });
      const output = `${stdout}${stderr}`;
      writeFileSync(join(state, `output-${randomBytes(6).toString('hex')}.log`), output);
      return { code, output };
    },
    secretsEver: () => [...ever],
    stop: async () => {
      await docker.stop();
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

function placeStandIns(bin: string, log: string): void {
  for (const [name, body] of Object.entries({ ...STAND_INS, curl: `exec '${onPath('curl')}' "$@"` })) {
    writeFileSync(join(bin, name), `#!/bin/sh\nLOG='${log}'\necho "${name} $*" >>"$LOG"\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
}

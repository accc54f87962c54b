// For tests: the containers of the stand-in for docker. Each of them is a process of this machine.
import { chmodSync, chownSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SystemUser } from '../../../db/local/system-user';
import { DATABASE_ENTRYPOINT } from '../../testing/database-image';
import { startThrowAway, type ThrowAwayProcess } from '../../testing/throw-away-process';
import { onMachine, type Service } from './compose-file';
import { type Ran, runProgram } from './run-program';

/** What containers find on this machine. */
export interface Host {
  /** Folder of their logs. */
  readonly state: string;
  /** Folder of the database's socket, whose path has to be short. */
  readonly sockets: string;
  /** Folder of PostgreSQL's programs. */
  readonly pgBin: string;
  /** User that the database runs as; undefined for the test's own. */
  readonly user: SystemUser | undefined;
  /** The program Caddy; undefined where it is not installed. */
  readonly caddy: string | undefined;
  readonly ports: Readonly<Record<'timescaledb' | 'api-blue' | 'api-green' | 'caddy' | 'caddyAdmin', string>>;
}

export interface Container {
  readonly image: string;
  /** What it was made from; another one means another container. */
  readonly made: string;
  readonly process: ThrowAwayProcess;
}

export type Containers = ReturnType<typeof makeContainers>;

/** Keeps containers by the names of their services. */
export function makeContainers(host: Host) {
  const known = new Map<string, Container>();

  const isAlive = (name: string): boolean => known.get(name)?.process.hasEnded() === false;

  /** Whatever the signal, the database ends at once, and frees its memory for the next one on the same data. */
  const stop = async (name: string, signal: NodeJS.Signals): Promise<void> =>
    known.get(name)?.process.stop(name === 'timescaledb' ? 'SIGINT' : signal);

  const start = (name: string, service: Service, made: string): void => {
    const [program = '', ...args] = lineOf(host, name, service);
    const process = startThrowAway(program, args, {
      logFile: join(host.state, `${name}.log`),
      env: environmentOf(host, name, service),
      user: name === 'timescaledb' ? host.user : undefined,
    });
    known.set(name, { image: service.image, made, process });
  };

  const isHealthy = async (name: string, service: Service): Promise<boolean> => {
    const [, ...check] = service.healthcheck?.test ?? [];
    const line = check[0] === 'wget' ? ['curl', '--silent', '--fail', check.at(-1) ?? ''] : check;
    return (await exec(name, service, line)).code === 0;
  };

  /** Runs a program in a container. */
  const exec = (
    name: string,
    service: Service,
    line: readonly string[],
    { env = {}, input = '' }: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
  ): Promise<Ran> =>
    runProgram(
      line.map((word) => onHost(host, service, word)),
      { ...environmentOf(host, name, service), ...env },
      input,
    );

  return {
    get: (name: string): Container | undefined => known.get(name),
    isAlive,
    stop,
    exec,
    remove: (name: string): boolean => known.delete(name),
    logs: (name: string): string => readFileSync(join(host.state, `${name}.log`), 'utf8'),

    /** Starts a container unless the same one runs, waits until it is healthy, and says whether it became so. */
    up: async (
      name: string,
      service: Service,
      { anew, seconds }: { readonly anew: boolean; readonly seconds: number },
    ): Promise<boolean> => {
      const made = JSON.stringify(service);
      if (anew || !isAlive(name) || known.get(name)?.made !== made) {
        await stop(name, 'SIGTERM');
        start(name, service, made);
      }
      const end = Date.now() + seconds * 1000;
      while (isAlive(name) && Date.now() < end) {
        if (await isHealthy(name, service)) return true;
        await sleep(50);
      }
      return false;
    },

    /** Makes Caddy read its configuration again. */
    reloadCaddy: async (service: Service): Promise<Ran> => {
      const file = caddyfile(host, service);
      if (host.caddy === undefined) return { code: 0, stdout: '', stderr: '' };
      const address = `127.0.0.1:${host.ports.caddyAdmin}`;
      return exec('caddy', service, [host.caddy, 'reload', '--config', file, '--address', address]);
    },
  };
}

/** The command line of a container's process. */
function lineOf(host: Host, name: string, service: Service): readonly string[] {
  if (name === 'timescaledb') {
    const own = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${host.sockets}`];
    return [databaseEntrypoint(host, service), ...service.command, ...own];
  }
  if (name !== 'caddy')
    return [...(service.entrypoint ?? []), ...service.command].map((word) => onHost(host, service, word));
  const file = caddyfile(host, service);
  if (host.caddy !== undefined) return [host.caddy, 'run', '--config', file];
  const [, places = ''] = /^\treverse_proxy (.+) \{$/m.exec(readFileSync(file, 'utf8')) ?? [];
  const proxy = [process.execPath, '--import', require.resolve('tsx'), join(__dirname, 'proxy.ts')];
  return [...proxy, host.ports.caddy, host.ports.caddyAdmin, ...places.split(' ')];
}

/** The script of the image, with a copy of the password for its user, who cannot enter the folder of the secrets. */
function databaseEntrypoint({ sockets, user }: Host, service: Service): string {
  const script = join(sockets, 'entrypoint.sh');
  writeFileSync(script, DATABASE_ENTRYPOINT);
  chmodSync(script, 0o755);
  const password = join(sockets, 'password');
  copyFileSync(onMachine(service, service.environment.POSTGRES_PASSWORD_FILE ?? '', sockets), password);
  if (user !== undefined) chownSync(password, user.uid, user.gid);
  return script;
}

function environmentOf(host: Host, name: string, service: Service): NodeJS.ProcessEnv {
  const given = Object.entries(service.environment).map(([key, value]) => [
    key,
    onHost(host, service, String(value)),
  ]);
  const isDatabase = name === 'timescaledb';
  return {
    ...Object.fromEntries(given),
    PATH: `${host.pgBin}:${process.env.PATH}`,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    HOST: '127.0.0.1',
    PORT: (host.ports as Readonly<Record<string, string>>)[name],
    PGHOST: isDatabase ? host.sockets : '127.0.0.1',
    PGPORT: host.ports.timescaledb,
    TSDB_PG_BIN: host.pgBin,
    ...(isDatabase ? { POSTGRES_PASSWORD_FILE: join(host.sockets, 'password') } : {}),
  };
}

/** A word of a container's command line with the programs, paths and ports of this machine. */
function onHost({ state, ports }: Host, service: Service, word: string): string {
  if (word === 'node') return process.execPath;
  return onMachine(service, word, state)
    .replace('--port=5432', `--port=${ports.timescaledb}`)
    .replace('127.0.0.1:2019', `127.0.0.1:${ports.caddyAdmin}`);
}

/** Writes the release's own file with addresses of this machine and without TLS, and returns its path. */
function caddyfile({ state, ports }: Host, service: Service): string {
  const text = readFileSync(join(onMachine(service, '/etc/caddy', state), 'Caddyfile'), 'utf8')
    .replace('localhost:2019', `127.0.0.1:${ports.caddyAdmin}`)
    .replace('https://tsdb.internal, https://', `http://127.0.0.1:${ports.caddy}`)
    .replace('\ttls internal\n', '')
    .replace(/api-blue:\d+/, `127.0.0.1:${ports['api-blue']}`)
    .replace(/api-green:\d+/, `127.0.0.1:${ports['api-green']}`);
  const file = join(state, 'Caddyfile');
  writeFileSync(file, text);
  return file;
}

// For tests: the containers of the stand-in for docker, each a process that outlives the command.
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onMachine, type Service } from './compose-document';
import { proxyProcess } from './stand-in-caddy';
import { createData, serverIdentity } from './stand-in-database';
import { remember } from './stand-in-images';
import { setting } from './stand-in-settings';

/** A container as it is remembered. */
export interface Container {
  readonly pid: number;
  readonly image: string;
  /** What it was made from; another one means another container. */
  readonly made: string;
  readonly port: number;
  readonly adminPort?: number;
}

const KEPT = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

const file = (name: string): string => join(setting('state'), `${name}.json`);

/** What is remembered of a container, alive or not. */
export const stateOf = (name: string): Container | undefined =>
  existsSync(file(name)) ? (JSON.parse(readFileSync(file(name), 'utf8')) as Container) : undefined;

/** Whether its process is there. */
export function isAlive(name: string): boolean {
  const pid = stateOf(name)?.pid;
  if (pid === undefined) return false;
  // Its parent is gone, so init may be slow to bury it.
  const status = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
  return status !== '' && !/\) Z /.test(status);
}

/** Starts a container unless the same one runs, waits until it is healthy, and says whether it became so. */
export async function up(
  name: string,
  service: Service,
  { anew, seconds }: { readonly anew: boolean; readonly seconds: number },
): Promise<boolean> {
  const made = JSON.stringify(service);
  remember(service.image);
  if (anew || !isAlive(name) || stateOf(name)?.made !== made) {
    await stop(name);
    start(name, service, made);
  }
  const until = Date.now() + seconds * 1000;
  for (;;) {
    if (isHealthy(name, service)) return true;
    if (Date.now() > until || !isAlive(name)) return false;
    await sleep(50);
  }
}

/** Ends a container; the database at once, the others as they are told. */
export async function stop(name: string): Promise<number> {
  const state = stateOf(name);
  if (state === undefined || !isAlive(name)) return 0;
  process.kill(state.pid, name === 'timescaledb' ? 'SIGINT' : 'SIGTERM');
  for (let tries = 0; tries < 600 && isAlive(name); tries += 1) await sleep(50);
  if (isAlive(name)) process.kill(state.pid, 'SIGKILL');
  return 0;
}

/** Forgets a container. */
export function remove(name: string): number {
  rmSync(file(name), { force: true });
  return 0;
}

/** Runs a service's program, with other arguments when there are some, in the foreground. */
export function runOnce(service: Service, args: readonly string[]): number {
  remember(service.image);
  const line = lineOf(args.length > 0 ? { ...service, command: args } : service);
  const [program = '', ...rest] = line;
  const env = programEnvironment(service, 0);
  return spawnSync(program, rest, { stdio: 'inherit', cwd: '/', env }).status ?? 1;
}

function start(name: string, service: Service, made: string): void {
  const log = openSync(join(setting('state'), `${name}.log`), 'a');
  const options: SpawnOptions = {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: name === 'caddy' ? process.cwd() : '/',
  };
  const port = portOf(name);
  const adminPort = name === 'caddy' ? Number(setting('adminPort')) : undefined;
  if (name === 'timescaledb') createData(service, port);
  const [program = '', ...args] = processOf(name, service, { port, adminPort });
  const child = spawn(program, args, {
    ...options,
    ...(name === 'timescaledb' ? serverIdentity() : {}),
    env: name === 'timescaledb' ? KEPT : programEnvironment(service, port),
  });
  child.unref();
  if (child.pid === undefined) throw new Error(`${program} does not start`);
  const state = { pid: child.pid, image: service.image, made, port, ...(adminPort ? { adminPort } : {}) };
  writeFileSync(file(name), JSON.stringify(state));
}

function processOf(
  name: string,
  service: Service,
  { port, adminPort }: { readonly port: number; readonly adminPort: number | undefined },
): readonly string[] {
  if (name === 'timescaledb') {
    const own = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${setting('sockets')}`,
    ];
    return [
      `${setting('pgBin')}/postgres`,
      '-D',
      onMachine(service, service.environment.PGDATA ?? ''),
      ...service.command,
      ...own.flatMap((each) => ['-c', each]),
    ];
  }
  if (name === 'caddy') return proxyProcess(service, adminPort ?? 0);
  return lineOf(service);
}

function portOf(name: string): number {
  if (name === 'caddy') return Number(setting('proxyPort'));
  if (name === 'api-blue') return Number(setting('bluePort'));
  return Number(setting(name === 'api-green' ? 'greenPort' : 'databasePort'));
}

const lineOf = (service: Service): readonly string[] =>
  [...(service.entrypoint ?? []), ...service.command].map((word) =>
    word === 'node' ? process.execPath : onMachine(service, word),
  );

function programEnvironment(service: Service, port: number): NodeJS.ProcessEnv {
  const given = Object.entries(service.environment).map(([name, value]) => [
    name,
    onMachine(service, String(value)),
  ]);
  return {
    ...KEPT,
    ...Object.fromEntries(given),
    HOST: '127.0.0.1',
    PORT: String(port),
    PGHOST: '127.0.0.1',
    PGPORT: String(stateOf('timescaledb')?.port ?? 0),
    TSDB_PG_BIN: setting('pgBin'),
    // For Caddy's.
    TSDB_STAND_IN: process.env.TSDB_STAND_IN,
  };
}

function isHealthy(name: string, service: Service): boolean {
  const port = stateOf(name)?.port ?? 0;
  const [, program = '', ...args] = service.healthcheck?.test ?? [];
  const own = args.map((arg) => arg.replace('--port=5432', `--port=${port}`));
  const admin = String(stateOf(name)?.adminPort ?? 0);
  if (name === 'timescaledb') return spawnSync(`${setting('pgBin')}/${program}`, own).status === 0;
  const [tool, words] =
    program === 'wget'
      ? ['curl', ['-sf', (own.at(-1) ?? '').replace(':2019', `:${admin}`)]]
      : [process.execPath, own];
  return spawnSync(tool, words, { env: programEnvironment(service, port) }).status === 0;
}

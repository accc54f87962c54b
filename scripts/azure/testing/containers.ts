// For tests: runs the services of a compose file as processes of this machine, with its programs, paths and ports.
import { chmodSync, chownSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE_ENTRYPOINT } from '../../testing/database-image';
import { onMachine, type Service } from './compose-file';
import type { Host } from './host';
import { isPooler, poolerProcess } from './pooler-process';

type Line = readonly string[];

/** How to start a container that goes on running. */
export function processOf(host: Host, name: string, service: Service) {
  const line = [...(service.entrypoint ?? []), ...service.command];
  const env = environmentOf(host, name, service);
  if (isPooler(name)) return poolerProcess(host, name, service);
  if (name !== 'timescaledb') return { line: lineOf(host, { name, service }, line), env, user: undefined };
  const own = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${host.sockets}`];
  const entrypoint = join(host.sockets, 'entrypoint.sh');
  writeFileSync(entrypoint, DATABASE_ENTRYPOINT);
  chmodSync(entrypoint, 0o755);
  // The database's user cannot enter the folder of the secrets, so it gets a copy.
  const passwordFile = join(host.sockets, 'password');
  copyFileSync(String(env.POSTGRES_PASSWORD_FILE), passwordFile);
  if (host.user !== undefined) chownSync(passwordFile, host.user.uid, host.user.gid);
  return {
    line: [entrypoint, ...line, ...own],
    env: { ...env, POSTGRES_PASSWORD_FILE: passwordFile },
    user: host.user,
  };
}

/** The environment of a container's programs. */
export function environmentOf(host: Host, name: string, service: Service): NodeJS.ProcessEnv {
  const given = Object.entries(service.environment).map(([key, value]) => [
    key,
    onMachine(service, String(value), host.state),
  ]);
  return {
    ...Object.fromEntries(given),
    PATH: `${host.pgBin}:${process.env.PATH}`,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    HOST: '127.0.0.1',
    PORT: host.ports[name],
    TSDB_STREAM_PORT: host.ports[name],
    PGHOST: name === 'timescaledb' ? host.sockets : '127.0.0.1',
    // The database itself, or the pooler that stands before it.
    PGPORT: host.ports[service.environment.PGHOST ?? ''] ?? host.ports.timescaledb,
    TSDB_PG_BIN: host.pgBin,
    ...host.environment,
  };
}

/** Translates a command line of a container. */
export function lineOf(
  host: Host,
  { name, service }: { readonly name: string; readonly service: Service },
  [program = '', ...args]: Line,
): Line {
  const { ports, state } = host;
  const asked = ports[isPooler(name) ? name : 'timescaledb'];
  const here = args.map((word) =>
    word === CADDYFILE
      ? caddyfile(host, service)
      : onMachine(service, word, state)
          .replace('--port=5432', `--port=${asked}`)
          .replace('127.0.0.1:2019', `127.0.0.1:${ports.caddyAdmin}`),
  );
  if (program === 'node') return [process.execPath, ...here];
  if (program === 'wget') return ['curl', '--silent', '--fail', here.at(-1) ?? ''];
  if (program !== 'caddy' || host.hasCaddy) return [program, ...here];
  if (args[0] === 'reload') return ['true'];
  const places = [`127.0.0.1:${ports['api-blue']}`, `127.0.0.1:${ports['api-green']}`];
  const proxy = ['--import', require.resolve('tsx'), join(__dirname, 'proxy.ts')];
  return [process.execPath, ...proxy, ports.caddy ?? '', ports.caddyAdmin ?? '', ...places];
}

const CADDYFILE = '/etc/caddy/Caddyfile';

/** Writes a copy of the release's file that has addresses of this machine and no TLS, and returns its path. */
function caddyfile({ state, ports }: Host, service: Service): string {
  const text = readFileSync(onMachine(service, CADDYFILE, state), 'utf8')
    .replace('localhost:2019', `127.0.0.1:${ports.caddyAdmin}`)
    .replace('https://tsdb.internal, https://', `http://127.0.0.1:${ports.caddy}`)
    .replace('\ttls internal\n', '')
    .replace(/(api-blue|api-green):\d+/g, (_address, place: string) => `127.0.0.1:${ports[place]}`);
  const file = join(state, 'Caddyfile');
  writeFileSync(file, text);
  return file;
}

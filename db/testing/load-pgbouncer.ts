// Starts a real PgBouncer in front of a test database, where one is installed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { serverUser } from '../local/system-user';
import { quietPort } from '../local/testing/quiet-port';
import { waitFor } from '../local/testing/wait';

export interface PgBouncer {
  /** The database through the pooler. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The program, or undefined where it is not installed: the one that TSDB_TEST_PGBOUNCER names, or the first one in PATH. */
export const findPgBouncer = (): string | undefined => installedPgBouncers()[0];

/** Every installed one, e.g. one of the system and a newer one. */
export function installedPgBouncers(env = process.env): readonly string[] {
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const files = [env.TSDB_TEST_PGBOUNCER ?? '', ...folders.map((folder) => join(folder, 'pgbouncer'))];
  return [...new Set(files.filter((file) => existsSync(file)).map((file) => realpathSync(file)))];
}

/** The version of a program, e.g. `1.25.2`. */
export const versionOf = (program: string): string =>
  /PgBouncer (\S+)/.exec(spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? 'unknown';

/** Starts it with the given settings, e.g. `{ pool_mode: 'transaction' }`. */
export async function startPgBouncer(
  program: string,
  databaseUrl: string,
  settings: Readonly<Record<string, string | number>>,
): Promise<PgBouncer> {
  const server = new URL(databaseUrl);
  const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
  const file = join(folder, 'pgbouncer.ini');
  const port = await quietPort();
  writeFileSync(file, configuration(server, { listen_port: port, ...settings }));
  chmodSync(folder, 0o755);
  // It refuses to run as root, and without a user list it lets nobody in but with `any`.
  const user = serverUser();
  const child = spawn(program, [...(user ? ['-u', user.name] : []), file], { stdio: 'ignore' });
  await waitForPort(port, child);
  return {
    url: `postgresql://anybody:secret@127.0.0.1:${port}${server.pathname}`,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(server: URL, settings: Readonly<Record<string, string | number>>): string {
  const upstream = `host=${server.hostname} port=${server.port} user=${server.username} password=${decodeURIComponent(server.password)}`;
  const all = { listen_addr: '127.0.0.1', unix_socket_dir: '', auth_type: 'any', ...settings };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  return `[databases]\n* = ${upstream}\n[pgbouncer]\n${lines.join('\n')}\n`;
}

const waitForPort = (port: number, child: ChildProcess): Promise<boolean> =>
  waitFor('an answer of pgbouncer', async () => {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with code ${child.exitCode}`);
    return answers(port);
  });

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.end());
  });

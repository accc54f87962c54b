// For tests: the real Caddy on ports of this machine, two places behind it, and clients that connect anew each time.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NAMELESS } from '../caddyfile';

export const hasCaddy = spawnSync('caddy', ['version']).status === 0;

/** A running Caddy. */
export interface Caddy {
  readonly port: number;
  /** What is /data in its container. */
  readonly dataFolder: string;
  /** Asks over a connection of its own. */
  ask(method: 'GET' | 'POST', path: string): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** Starts Caddy with a Caddyfile whose addresses are replaced; waits until it answers. */
export async function startCaddy(
  caddyfile: string,
  addresses: Readonly<Record<string, number>>,
): Promise<Caddy> {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-caddy-'));
  const port = await freePort();
  const here = Object.entries({ ...addresses, 'localhost:2019': await freePort() }).reduce(
    (text, [address, own]) => text.replaceAll(address, `127.0.0.1:${own}`),
    caddyfile.replace('{\n', `{\n\thttps_port ${port}\n`),
  );
  writeFileSync(join(folder, 'Caddyfile'), here);
  const child = spawn('caddy', ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], {
    env: { PATH: process.env.PATH, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const root = join(folder, 'caddy', 'pki', 'authorities', 'local', 'root.crt');
  const ask: Caddy['ask'] = async (method, path) => once(port, readFileSync(root), method, path);
  const stop = async () => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const answers = () =>
    ask('GET', '/').then(
      () => true,
      () => false,
    );
  // The certificate is made at the first start.
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error(`Caddy ended: ${said}`);
    await new Promise(setImmediate);
  }
  return { port, dataFolder: folder, ask, stop };
}

/** Stands for the API: answers with its name, is ready or not, and can be ended as the API ends. */
export interface Place {
  readonly port: number;
  open(): Promise<void>;
  /** Says that it is not ready any more, and goes on answering. */
  turnRed(): void;
  /** Closes the port and all connections. */
  close(): Promise<void>;
}

export async function makePlace(name: string): Promise<Place> {
  const port = await freePort();
  let ready = true;
  let server: Server | undefined;
  return {
    port,
    open: () => {
      ready = true;
      server = createServer(({ url }, response) => {
        if (url === '/health/ready') response.writeHead(ready ? 200 : 503);
        response.end(name);
      });
      return new Promise((resolve) => server?.listen(port, '127.0.0.1', resolve));
    },
    turnRed: () => {
      ready = false;
    },
    close: async () => {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      const closed = new Promise((resolve) => closing.close(resolve));
      closing.closeAllConnections();
      await closed;
    },
  };
}

function once(port: number, ca: Buffer, method: string, path: string): Promise<Answer> {
  const options = { host: '127.0.0.1', port, method, path, ca, servername: NAMELESS, agent: false };
  return new Promise((resolve, reject) => {
    const asking = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('error', reject).once('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    asking.once('error', reject).end(method === 'POST' ? 'something' : undefined);
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

function freePort(): Promise<number> {
  const socket = createSocket();
  return new Promise((resolve) => {
    socket.listen(0, '127.0.0.1', () => {
      const { port } = socket.address() as AddressInfo;
      socket.close(() => resolve(port));
    });
  });
}

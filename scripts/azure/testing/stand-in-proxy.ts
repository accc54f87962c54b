// For tests: stands for Caddy where that is not installed: asks each place whether it is ready, and turns to the first.
import { readFileSync } from 'node:fs';
import { createServer, request as forward, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [config = '', port = '', adminPort = ''] = process.argv.slice(2);
let places = load();
const ready = new Map<string, boolean>();

function load(): readonly string[] {
  const [, list = ''] = /^\treverse_proxy (.+) \{$/m.exec(readFileSync(config, 'utf8')) ?? [];
  if (list === '') throw new Error('the Caddyfile names no places');
  return list.split(' ');
}

setInterval(() => {
  for (const place of places)
    get(`http://${place}/health/ready`, (answer) => {
      ready.set(place, answer.statusCode === 200);
      answer.resume();
    }).on('error', () => ready.set(place, false));
}, 100);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  for (let tries = 0; tries < 100; tries += 1) {
    const place = places.find((each) => ready.get(each));
    if (place !== undefined && (await pass(place, request, Buffer.concat(parts), response))) return;
    await sleep(100);
  }
  response.writeHead(503).end();
}

/** Whether the place could be reached; what it answers is the answer. */
function pass(
  place: string,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<boolean> {
  const { method, url, headers } = request;
  const onward = forward(`http://${place}${url}`, { method, headers });
  return new Promise((resolve) => {
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      resolve(true);
    });
    onward.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') return resolve(false);
      response.writeHead(502).end(message);
      resolve(true);
    });
    onward.end(body);
  });
}

const server = createServer((request, response) => void answer(request, response));
server.listen(Number(port), '127.0.0.1');

const admin = createServer((request, response) => {
  try {
    if (request.method === 'POST') places = load();
    response.end();
  } catch (error) {
    response.writeHead(400).end(String(error));
  }
}).listen(Number(adminPort), '127.0.0.1');

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  admin.close();
  server.closeIdleConnections();
  admin.closeAllConnections();
});

// For tests: stands for Caddy. Turns to the address in upstream.caddy, which it reads at its start and when told to.
import { existsSync, readFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import { join } from 'node:path';
import { stateOf } from './stand-in-containers';

const [config = '', port = '', adminPort = ''] = process.argv.slice(2);
let upstream = load();

function load(): number {
  if (!existsSync(join(config, 'Caddyfile'))) throw new Error('there is no Caddyfile');
  const text = readFileSync(join(config, 'upstream.caddy'), 'utf8');
  const [, place = ''] = /^reverse_proxy (api-\w+):\d+/.exec(text) ?? [];
  const found = stateOf(place)?.port;
  if (found === undefined) throw new Error(`upstream.caddy names no place that there is: ${text}`);
  return found;
}

const server = createServer((request, response) => {
  const { method, url, headers } = request;
  const onward = forward({ host: '127.0.0.1', port: upstream, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', (error) => response.writeHead(502).end(error.message));
  request.pipe(onward);
}).listen(Number(port), '127.0.0.1');

const admin = createServer((request, response) => {
  try {
    if (request.method === 'POST') upstream = load();
    response.end();
  } catch (error) {
    response.writeHead(400).end(String(error));
  }
}).listen(Number(adminPort), '127.0.0.1');

process.on('SIGTERM', () => {
  server.close();
  admin.close();
  server.closeIdleConnections();
  admin.closeAllConnections();
});

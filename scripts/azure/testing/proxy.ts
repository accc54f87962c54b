// For tests: stands for Caddy where it is not installed. Each request goes to the first API that says it is ready.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [port, adminPort, ...places] = process.argv.slice(2);

/** The answer of an API. When none is ready, or the one that was ready ends, this is tried again for ten seconds. */
async function ask(path: string, authorization: string): Promise<Response | undefined> {
  for (let tries = 0; tries < 100; tries += 1) {
    for (const place of places) {
      const ready = await fetch(`http://${place}/health/ready`).catch(() => undefined);
      if (!ready?.ok) continue;
      const answer = await fetch(`http://${place}${path}`, { headers: { authorization } }).catch(
        () => undefined,
      );
      if (answer !== undefined) return answer;
    }
    await sleep(100);
  }
  return undefined;
}

createServer(async ({ url = '/', headers }, response) => {
  const answer = await ask(url, headers.authorization ?? '');
  response.writeHead(answer?.status ?? 503).end(await answer?.text());
}).listen(Number(port), '127.0.0.1');

createServer((_request, response) => response.end()).listen(Number(adminPort), '127.0.0.1');

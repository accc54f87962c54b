// An HTTP proxy before an API, for tests: it loses some writes, loses the answers to others, and refuses others.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What happens to a POST: `lost` = it never arrives and the connection breaks, `unanswered` = it is carried out and the connection
 * breaks before the answer, `unavailable` = the proxy answers 503, `passed` = nothing.
 */
export type Fate = 'lost' | 'unanswered' | 'unavailable' | 'passed';

/** A proxy that listens. */
export interface UnreliableProxy {
  readonly url: string;
  readonly port: number;
  /** How many requests had each fate. */
  readonly fates: Readonly<Record<Fate, number>>;
  close(): Promise<void>;
}

/** Starts a proxy before the API at `target`; the fates of `plan` befall the POSTs in turn, again and again. */
export async function startUnreliableProxy(target: string, plan: readonly Fate[]): Promise<UnreliableProxy> {
  const fates = { lost: 0, unanswered: 0, unavailable: 0, passed: 0 };
  let posts = 0;
  const server = createServer((incoming, outgoing) => {
    const fate = incoming.method === 'POST' ? (plan[posts++ % plan.length] ?? 'passed') : 'passed';
    if (incoming.method === 'POST') fates[fate] += 1;
    void bodyOf(incoming).then((body) => befall(fate, { target, incoming, body, outgoing }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    fates,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Exchange {
  readonly target: string;
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
  readonly outgoing: ServerResponse;
}

function befall(fate: Fate, { target, incoming, body, outgoing }: Exchange): void {
  const { method, url = '/', headers } = incoming;
  if (fate === 'lost') return void outgoing.destroy();
  if (fate === 'unavailable') return void outgoing.writeHead(503, { 'retry-after': '0' }).end();
  const forwarded = send(new URL(url, target), { ...(method ? { method } : {}), headers }, (answer) => {
    void bodyOf(answer).then((content) => {
      if (fate === 'unanswered') outgoing.destroy();
      else outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(content);
    });
  });
  forwarded.on('error', () => outgoing.destroy());
  forwarded.end(body);
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

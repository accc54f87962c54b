// An HTTP proxy before an API, for tests: it loses some writes, loses the answers to others, and refuses others.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What happens to a POST: `lost` = it never arrives and the connection breaks, `unanswered` = it is carried out and the connection
 * breaks before the answer, `disowned` = it is carried out and the proxy answers 503, `unavailable` = the proxy only answers 503,
 * `passed` = nothing.
 */
export type Fate = 'lost' | 'unanswered' | 'disowned' | 'unavailable' | 'passed';

/** The fates of the POSTs: in turn, again and again, or by their numbers from 1. */
type Plan = readonly Fate[] | ((post: number) => Fate);

/** A proxy that listens. */
export interface UnreliableProxy {
  readonly url: string;
  readonly port: number;
  /** How many requests had each fate. */
  readonly fates: Readonly<Record<Fate, number>>;
  close(): Promise<void>;
}

/** Starts a proxy before the API at `target`. */
export async function startUnreliableProxy(target: string, plan: Plan): Promise<UnreliableProxy> {
  const fates = { lost: 0, unanswered: 0, disowned: 0, unavailable: 0, passed: 0 };
  let posts = 0;
  const nextFate = (): Fate => {
    posts += 1;
    const fate = typeof plan === 'function' ? plan(posts) : (plan[(posts - 1) % plan.length] ?? 'passed');
    fates[fate] += 1;
    return fate;
  };
  const server = createServer((incoming, outgoing) => {
    const fate = incoming.method === 'POST' ? nextFate() : 'passed';
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
  const refuse = (): void => void outgoing.writeHead(503, { 'retry-after': '0' }).end();
  if (fate === 'unavailable') return void refuse();
  const forwarded = send(new URL(url, target), { ...(method ? { method } : {}), headers }, (answer) => {
    void bodyOf(answer).then((content) => {
      if (fate === 'unanswered') outgoing.destroy();
      else if (fate === 'disowned') refuse();
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

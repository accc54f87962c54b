// A proxy that loses answers: the server has done the work, and the client is told that it is not available.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy in front of an API. */
export interface LosingProxy {
  readonly origin: string;
  /** Requests that were forwarded, and answers that were lost. */
  readonly seen: { requests: number; lost: number };
  stop(): Promise<void>;
}

/** Forwards requests to `origin`, and loses every answer for which `isLost` says so; requests are counted from 1. */
export async function startLosingProxy(
  origin: string,
  isLost: (request: number) => boolean,
): Promise<LosingProxy> {
  const seen = { requests: 0, lost: 0 };
  const server = createServer((request, response) => {
    seen.requests += 1;
    const lost = isLost(seen.requests);
    if (lost) seen.lost += 1;
    forward(origin, request)
      .then(async (answer) => {
        const body = Buffer.from(await answer.arrayBuffer());
        if (lost) response.writeHead(503, { 'retry-after': '0' }).end();
        else response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body);
      })
      .catch((error: unknown) => response.writeHead(502).end(String(error)));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

async function forward(origin: string, request: IncomingMessage): Promise<Response> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const {
    host: _host,
    connection: _connection,
    'transfer-encoding': _encoding,
    ...headers
  } = request.headers;
  return fetch(`${origin}${request.url}`, {
    method: request.method ?? 'POST',
    headers: headers as Record<string, string>,
    ...(request.method === 'GET' ? {} : { body: Buffer.concat(parts) }),
  });
}

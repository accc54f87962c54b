// A TCP proxy before a database, for tests: it cuts the connection around a COMMIT.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * What happens to a COMMIT: `lost` = it never arrives, `answered` = it is carried out and the connection breaks before the
 * answer, `silent` = the answer is swallowed and the connection stays open.
 */
export type Cut = 'lost' | 'answered' | 'silent';

/** A proxy that listens. */
export interface CuttingProxy {
  /** The address of the database, through the proxy. */
  readonly url: string;
  /** Commits that were cut. */
  readonly cuts: number;
  close(): Promise<void>;
}

/** Starts a proxy; each of `plan` is done to one COMMIT, in order, and then all pass. */
export async function startCuttingProxy(databaseUrl: string, plan: Cut[]): Promise<CuttingProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let cut: Cut | undefined;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
    }
    client.on('data', (data) => {
      if (cut === undefined && data.includes('COMMIT')) cut = plan.shift();
      if (cut !== undefined) cuts += 1;
      if (cut === 'lost') client.destroy();
      else upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (cut === undefined) client.write(data);
      else if (cut === 'answered') client.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' && address ? address.port : 0);
  return {
    url: url.href,
    get cuts() {
      return cuts;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

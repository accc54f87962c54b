// The API and the bare handler, each in a process that also tells what it uses, and one question at a time to either of them.
import type { ChildProcess } from 'node:child_process';
import type { Environment } from '../../../db/core/settings';
import { freePort } from '../../../db/local/free-port';
import { type HttpClient, httpClient } from '../http-client';
import type { Usage } from '../load/usage';
import { apiSettings } from './api-overhead';
import { nextMessage, withProcesses } from './processes';

/** One of the two. */
export interface Reader {
  /** Milliseconds until the whole answer is there. */
  ask(path: string): Promise<number>;
  /** What the process used since the last call. */
  usage(): Promise<Usage>;
}

/** Gives `work` both of them on one database. */
export async function withReaders<T>(
  url: string,
  env: Environment,
  work: (api: Reader, bare: Reader) => Promise<T>,
): Promise<T> {
  const [apiPort, barePort] = [await freePort(), await freePort()];
  const programs = [
    { name: '../load/load-server' },
    { name: 'bare-handler', args: [String(barePort)] },
  ] as const;
  const clients = [httpClient(apiPort, 1), httpClient(barePort, 1)] as const;
  const own = { ...apiSettings(url, apiPort), TSDB_RATE_LIMIT: '1000000' };
  return withProcesses(programs, { env, own }, (children) => {
    const [api, bare] = children as [ChildProcess, ChildProcess];
    return work(readerOf(clients[0], api), readerOf(clients[1], bare));
  }).finally(() => {
    for (const client of clients) client.close();
  });
}

const readerOf = (client: HttpClient, process: ChildProcess): Reader => ({
  ask: (path) => client.send(path),
  usage: () => {
    const told = nextMessage<Usage>(process);
    process.send({});
    return told;
  },
});

// Waits until a server is ready. It sends queries, because only an answer proves that the server is ready.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { messageOf } from '../core/errors';
import { codeOf } from './errors';

/** The part of a server process that tells whether it has ended. */
export interface Watched {
  ended(): string | undefined;
}

const PATIENCE_MS = 30_000;
/** Recovery of a killed server can take minutes. Giving up would only make the next start repeat it. */
const RECOVERY_PATIENCE_MS = 600_000;
/** Waiting does not help against a wrong password or a missing database. A short time is left for another server that has taken the port. */
const REFUSAL_PATIENCE_MS = 3_000;

const CANNOT_CONNECT_NOW = '57P03';

/** Resolves with undefined when the server has answered a query, or with the reason why it cannot be used. */
export async function waitUntilReady(url: string, watched: Watched): Promise<string | undefined> {
  const start = Date.now();
  for (;;) {
    const error = await probe(url);
    const end = watched.ended();
    if (end !== undefined) return end;
    if (error === undefined) return undefined;
    const patience = patienceFor(codeOf(error));
    if (Date.now() - start > patience) return `is not ready after ${patience / 1000} s: ${messageOf(error)}`;
    await sleep(50);
  }
}

/** Runs one query on a new connection. Returns the error, or undefined if there is none. */
export async function probe(url: string): Promise<unknown> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // if the server ends, the query fails
  try {
    await client.connect();
    await client.query('SELECT 1');
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function patienceFor(code: string | undefined): number {
  if (code === CANNOT_CONNECT_NOW) return RECOVERY_PATIENCE_MS;
  return code !== undefined && /^(28|3D|42)/.test(code) ? REFUSAL_PATIENCE_MS : PATIENCE_MS;
}

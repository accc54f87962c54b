// Finds out whether this client has a server session for itself. A pooler may give each transaction another session; then
// session locks and settings get lost or reach the session of another client.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { messageOf, RefusedError } from '../core/errors';

const WAY_OUT =
  'Connect to the server itself (its own port, usually 5432), or through session pooling (PgBouncer: pool_mode = session and ignore_startup_parameters = options)';

// One rival is enough for a pooler that reuses the latest session. A pooler that takes its sessions in turn needs a few.
const RIVALS = 3;
const PATIENCE_MS = 1_000;

/** Whether the connection goes straight to the server. A pooler gives its clients process ids that are not the server's. */
export async function isDirect(client: Client): Promise<boolean> {
  const { processID } = client as Client & { readonly processID?: number | null };
  return (await whoAnswers(client)).pid === processID;
}

/**
 * Checks that a pooler keeps one session for this client. Other clients, the rivals, open transactions: none of them may get
 * this session, and this client must stay on it.
 * @throws RefusedError when the pooler shares sessions.
 */
export async function requireSessionPooling(client: Client, config: ClientConfig): Promise<void> {
  const mark = randomUUID();
  await client.query(`SELECT set_config('tsdb.session', $1, false)`, [mark]);
  const { pid } = await whoAnswers(client);
  const rivals: Client[] = [];
  try {
    for (let turn = 0; turn < RIVALS; turn += 1) {
      const rival = new Client({ ...config, connectionTimeoutMillis: PATIENCE_MS });
      rival.on('error', () => undefined);
      rivals.push(rival);
      const met = await orUndefined(openTransaction(rival));
      if (met?.pid === pid || met?.mark === mark) throw sharing(client);
      // If our session does not answer, a rival has got it.
      const own = await orUndefined(whoAnswers(client));
      if (own?.pid !== pid || own.mark !== mark) throw sharing(client);
      if (met === undefined) return;
    }
  } catch (error) {
    throw /statement pooling/.test(messageOf(error)) ? sharing(client) : error;
  } finally {
    for (const rival of rivals) rival.end().catch(() => undefined);
  }
}

/** Explains the error of a pooler that refuses our startup parameters; returns any other error unchanged. */
export function explainStartupRefusal(error: unknown, client: Client): unknown {
  if (!/unsupported startup parameter/.test(messageOf(error))) return error;
  return new RefusedError(
    `${client.host}:${client.port} refuses session settings at connect, as connection poolers do (${messageOf(error)}). ${WAY_OUT}`,
    { cause: error },
  );
}

interface Answer {
  readonly pid: number;
  readonly mark: string | null;
}

async function whoAnswers(client: Client): Promise<Answer> {
  const { rows } = await client.query<Answer>(
    `SELECT pg_backend_pid() AS pid, current_setting('tsdb.session', true) AS mark`,
  );
  return rows[0] as Answer;
}

const orUndefined = <T>(work: Promise<T>): Promise<T | undefined> =>
  Promise.race([work, sleep(PATIENCE_MS, undefined, { ref: false })]);

// A rival may get no session in time, because the only one is kept for us. That is no fault of the pooler.
async function openTransaction(rival: Client): Promise<Answer | undefined> {
  try {
    await rival.connect();
    await rival.query('BEGIN');
    return await whoAnswers(rival);
  } catch (error) {
    if (/statement pooling/.test(messageOf(error))) throw error;
    return undefined;
  }
}

function sharing(client: Client): RefusedError {
  return new RefusedError(
    `${client.host}:${client.port} is a connection pooler that shares server sessions between clients (PgBouncer: pool_mode = transaction or statement): the lock and the settings of this program would be lost between two statements. ${WAY_OUT}`,
  );
}

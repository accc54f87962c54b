// A client whose statements never run without the settings of its pool, also behind a pooler that gives each transaction another
// session: there, a setting of a session would be lost, or reach the transaction of somebody else.
import type { ClientConfig, PoolConfig } from 'pg';
import { messageOf, RefusedError } from '../../db/core/errors';
import { RowBytesClient } from './row-bytes';
import {
  bothOf,
  type Guard,
  hasSettings,
  RESTORED,
  transactionSettings,
  type WantedSettings,
} from './session-settings';

/** How the clients of a pool get their settings. */
export interface ClientRules {
  readonly wanted: WantedSettings;
  readonly guard?: Guard | undefined;
  /** Whether the address itself has start-up options, which only a session can have. */
  readonly hasOwnOptions: boolean;
}

/** The clients of one pool. */
export interface SettingsClients {
  readonly Client: NonNullable<PoolConfig['Client']>;
  /** Prepares a client that has connected. @throws when the server must not be used. */
  prepare(client: unknown): Promise<void>;
  /** Looks at the server again. @throws when it must not be used any more. */
  check(client: unknown): Promise<void>;
  /** Whether another attempt to connect makes sense: without the options that a pooler has refused. */
  learnFrom(error: unknown): boolean;
}

interface Row extends Readonly<Record<string, unknown>> {
  readonly pid: number;
  readonly has: boolean;
}

type Callback = (error: Error | null | undefined, result?: unknown) => void;
interface Submittable {
  submit(connection: unknown): unknown;
  callback?: Callback;
}

const OPENS = /^\s*(begin|start\s+transaction)\b/i;
const CLOSES = /^\s*(commit|end|rollback|abort)\s*;?\s*$/i;

/** Makes the class of the clients of one pool. */
export function settingsClients({ wanted, guard, hasOwnOptions }: ClientRules): SettingsClients {
  const whole = bothOf(RESTORED, guard);
  const settings = transactionSettings(wanted, whole);
  let optionsAreRefused = false;

  class SettingsClient extends RowBytesClient {
    /** `transaction`: each transaction takes the settings on. */
    scope: 'session' | 'transaction' = 'session';

    // The driver's own start-up message; its types do not show it.
    getStartupConf(): Record<string, unknown> {
      const message = (
        RowBytesClient.prototype as unknown as { getStartupConf(): Record<string, unknown> }
      ).getStartupConf.call(this);
      if (optionsAreRefused) delete message.options;
      return message;
    }

    // biome-ignore lint/suspicious/noExplicitAny: the driver's method has ten signatures
    override query(first: any, second?: any, third?: any): any {
      const text = typeof first === 'string' ? first : undefined;
      if (this.scope === 'session' || this.isInTransaction || (text && CLOSES.test(text)))
        return super.query(first, second, third);
      const [values, callback] = typeof second === 'function' ? [undefined, second] : [second, third];
      if (text !== undefined && OPENS.test(text)) return answered(this.open(text), callback);
      if (typeof first.submit === 'function') return this.submitAlone(first, callback);
      return answered(
        this.alone(() => super.query(first, values) as unknown as Promise<unknown>),
        callback,
      );
    }

    /** Runs one statement in a transaction of its own, and answers when it is committed. */
    private async alone<T>(run: () => Promise<T>): Promise<T> {
      await this.open('BEGIN');
      try {
        const result = await run();
        await super.query('COMMIT');
        return result;
      } catch (error) {
        // After any other failure the connection is not used again, and its transaction ends with it.
        if (isAnswer(error)) await this.undo();
        throw error;
      }
    }

    private submitAlone(query: Submittable, callback: Callback | undefined): Submittable {
      const done = query.callback ?? callback;
      if (done === undefined)
        throw new Error('outside of a transaction, this kind of query needs a callback');
      const run = () =>
        new Promise((resolve, reject) => {
          query.callback = (error, result) => (error ? reject(error) : resolve(result));
          super.query(query as never);
        });
      void answered(this.alone(run), done);
      return query;
    }

    /** Begins a transaction that has the settings. */
    private async open(text: string): Promise<unknown> {
      const opening = text.replace(/\s*;\s*$/, '');
      if (opening.includes(';')) throw new Error('begin a transaction with a statement of its own');
      const results = await (
        super.query(`${opening}; ${settings}`) as unknown as Promise<{ rows: Row[] }[]>
      ).catch(async (error: unknown) => {
        if (isAnswer(error)) await this.undo();
        throw explained(error, this);
      });
      try {
        whole.check(results.at(-1)?.rows[0] ?? {});
      } catch (error) {
        await this.undo();
        throw error;
      }
      return results[0];
    }

    private async undo(): Promise<void> {
      if (this.isInTransaction) await super.query('ROLLBACK').catch(() => undefined);
    }

    private get isInTransaction(): boolean {
      const status = this.getTransactionStatus();
      return status === 'T' || status === 'E';
    }
  }

  const look = async (client: SettingsClient, columns: string): Promise<Row> =>
    ((await client.query(`SELECT ${columns}`)) as { rows: Row[] }).rows[0] as Row;
  return {
    Client: SettingsClient as unknown as NonNullable<PoolConfig['Client']>,
    prepare: async (given) => {
      const client = given as SettingsClient;
      const row = await look(
        client,
        `pg_catalog.pg_backend_pid() AS pid, ${hasSettings(wanted)} AS has, ${whole.columns}`,
      );
      whole.check(row);
      // A pooler gives its clients process ids that are not the server's, and may have ignored the options.
      if (row.has && row.pid === processIdOf(client)) return;
      if (hasOwnOptions)
        throw new RefusedError(
          `${client.host}:${client.port} is a connection pooler, through which the options in the address of the database do not reach the server; set them with ALTER ROLE or ALTER DATABASE instead`,
        );
      client.scope = 'transaction';
    },
    check: async (given) => {
      const client = given as SettingsClient;
      // Behind a pooler, every transaction asks.
      if (client.scope === 'session') whole.check(await look(client, whole.columns));
    },
    learnFrom: (error) => {
      // Several connections may have been on their way with options.
      if (hasOwnOptions || !REFUSES_OPTIONS.test(messageOf(error))) return false;
      optionsAreRefused = true;
      return true;
    },
  };
}

const REFUSES_OPTIONS = /unsupported startup parameter(:| in) options/;

const isAnswer = (error: unknown): boolean =>
  /^[0-9A-Z]{5}$/.test(String(((error ?? {}) as { readonly code?: unknown }).code));

const processIdOf = (client: unknown): unknown => (client as { readonly processID?: unknown }).processID;

/** Gives a result to the callback, or to the promise where there is none. */
function answered(work: Promise<unknown>, callback: Callback | undefined): Promise<unknown> | undefined {
  if (callback === undefined) return work;
  // Not in the promise: what the callback throws is not a failure of the work.
  work.then(
    (result) => process.nextTick(callback, undefined, result),
    (error: Error) => process.nextTick(callback, error),
  );
  return undefined;
}

function explained(error: unknown, { host, port }: Pick<ClientConfig, 'host' | 'port'>): unknown {
  if (!/statement pooling/.test(messageOf(error))) return error;
  return new RefusedError(
    `${host}:${port} is a connection pooler that allows no transactions (PgBouncer: pool_mode = statement); set pool_mode = transaction`,
    { cause: error },
  );
}

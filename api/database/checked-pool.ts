// A pool that prepares its new connections, and looks again at one that was idle, where the server behind it may have changed.
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import type { SettingsClients } from './settings-client';

type Connected = (
  error: Error | undefined,
  client: PoolClient | undefined,
  release: (failure?: Error | boolean) => void,
) => void;

/** What a connection has shown counts for so long. */
const CHECK_AFTER_MS = 1_000;

export class CheckedPool extends Pool {
  readonly #clients: SettingsClients;
  readonly #checksAgain: boolean;
  readonly #checkedAt = new WeakMap<object, number>();

  constructor(options: PoolConfig, clients: SettingsClients, checksAgain: boolean) {
    super({
      ...options,
      Client: clients.Client,
      verify: (client, done) => {
        this.#checkedAt.set(client, performance.now());
        clients.prepare(client).then(() => done(), done);
      },
    });
    this.#clients = clients;
    this.#checksAgain = checksAgain;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the driver's method has two signatures
  override connect(callback?: any): any {
    if (callback !== undefined) return this.#connect(callback);
    return new Promise((resolve, reject) => {
      this.#connect((error, client) => (client === undefined ? reject(error) : resolve(client)));
    });
  }

  #connect(callback: Connected): void {
    super.connect((error, client, release) => {
      // A pooler that refuses start-up options gets none.
      if (client === undefined && this.#clients.learnFrom(error)) this.#connect(callback);
      else if (client === undefined || !this.#isOld(client)) callback(error, client, release);
      else this.#check(client, callback);
    });
  }

  #isOld(client: PoolClient): boolean {
    if (!this.#checksAgain) return false;
    return performance.now() - (this.#checkedAt.get(client) ?? 0) >= CHECK_AFTER_MS;
  }

  #check(client: PoolClient, callback: Connected): void {
    const { release } = client;
    let isOver = false;
    const fail = (error: Error): void => {
      if (isOver) return;
      isOver = true;
      release(error);
      callback(error, undefined, () => undefined);
    };
    client.once('error', fail);
    this.#checkedAt.set(client, performance.now());
    this.#clients.check(client).then(() => {
      client.off('error', fail);
      if (isOver) return;
      isOver = true;
      callback(undefined, client, release);
    }, fail);
  }
}

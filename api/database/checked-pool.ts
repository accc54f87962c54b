// A pool that prepares its new connections, and looks again at one that was idle, where the server behind it may have changed.
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { databaseFault } from './database-errors';
import type { SettingsClients } from './settings-client';

type Connected = (
  error: Error | undefined,
  client: PoolClient | undefined,
  release: (failure?: Error | boolean) => void,
) => void;

/** What a connection has shown counts for so long. */
const CHECK_AFTER_MS = 1_000;

/** How the connections of a pool are made and checked. */
export interface Checks {
  /** Whether a connection is checked again when it is used after a while. */
  readonly checksAgain: boolean;
  /** The options of each host of the database; the pool stays with one for as long as it answers. */
  readonly places: readonly PoolConfig[];
}

export class CheckedPool extends Pool {
  readonly #clients: SettingsClients;
  readonly #checks: Checks;
  #place = 0;
  readonly #checkedAt = new WeakMap<object, number>();

  constructor(options: PoolConfig, clients: SettingsClients, checks: Checks) {
    super({
      ...options,
      Client: clients.Client,
      verify: (client, done) => {
        this.#checkedAt.set(client, performance.now());
        clients.prepare(client).then(() => done(), done);
      },
    });
    this.#clients = clients;
    this.#checks = checks;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the driver's method has two signatures
  override connect(callback?: any): any {
    if (callback !== undefined) return this.#connect(callback);
    return new Promise((resolve, reject) => {
      this.#connect((error, client) => (client === undefined ? reject(error) : resolve(client)));
    });
  }

  #connect(callback: Connected, moves = 0): void {
    const place = this.#place;
    super.connect((error, client, release) => {
      // A pooler that refuses start-up options gets none.
      if (client === undefined && this.#clients.learnFrom(error)) this.#connect(callback, moves);
      else if (client === undefined && this.#movesOn(error, place, moves)) this.#connect(callback, moves + 1);
      else if (client === undefined || !this.#isOld(client)) callback(error, client, release);
      else this.#check(client, callback);
    });
  }

  /** Goes on to the next host, unless another connection has done so; false when each of them was tried. */
  #movesOn(error: unknown, failed: number, moves: number): boolean {
    const { places } = this.#checks;
    const fault = databaseFault(error);
    if (moves + 1 >= places.length || (fault !== 'unavailable' && fault !== 'lost')) return false;
    if (failed === this.#place) {
      this.#place = (this.#place + 1) % places.length;
      Object.assign(this.options, places[this.#place]);
    }
    return true;
  }

  #isOld(client: PoolClient): boolean {
    if (!this.#checks.checksAgain) return false;
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

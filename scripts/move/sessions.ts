// Sessions of a move in both databases.
import type { Client, ClientConfig } from 'pg';
import { withConnection } from '../../db/server/connection';
import type { Pair } from './model';

/** The addresses of the two databases. */
export interface Addresses {
  readonly source: string | ClientConfig;
  readonly target: string | ClientConfig;
}

/** Runs `work` with a session in each database, and always closes them. */
export const withPair = <T>({ source, target }: Addresses, work: (pair: Pair) => Promise<T>): Promise<T> =>
  withConnection(source, async (from) => {
    await settle(from);
    return withConnection(target, async (to) => {
      await settle(to);
      return work({ source: from, target: to });
    });
  });

// With row security on, a policy would leave rows out of copies without a word; off means that the server refuses instead. Floating-point
// numbers are printed exactly, so that their digests are.
async function settle(db: Client): Promise<void> {
  await db.query(`SET row_security = off`);
  await db.query(`SET extra_float_digits = 1`);
  await db.query(`SET bytea_output = 'hex'`);
}

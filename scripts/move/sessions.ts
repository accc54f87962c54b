// Sessions of a move in both databases.
import type { Client, ClientConfig } from 'pg';
import { withConnection } from '../../db/server/connection';
import { hasExtension } from '../../db/server/server-info';
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

// With row security on, a policy would leave rows out of copies without a word; off means that the server refuses instead. Numbers are
// printed exactly, so that digests of them are.
async function settle(db: Client): Promise<void> {
  await db.query(`SET row_security = off`);
  for (const [name, value] of Object.entries(PRINTED)) await db.query(`SET ${name} = ${value}`);
  if (!(await hasExtension(db, 'citus'))) return;
  await db.query(`SET citus.propagate_set_commands = 'local'`);
  onNodes.add(db);
}

/** How values are printed. Sessions have these settings; on Citus the nodes that compute do not know them. */
const PRINTED: Readonly<Record<string, string>> = {
  timezone: `'UTC'`,
  datestyle: `'ISO'`,
  intervalstyle: `'iso_8601'`,
  extra_float_digits: '1',
  bytea_output: `'hex'`,
};

const onNodes = new WeakSet<object>();

/** Makes the nodes of a Citus database print values as this session does, until the transaction ends. */
export async function printAlike(db: Pick<Client, 'query'>): Promise<void> {
  if (!onNodes.has(db)) return;
  for (const [name, value] of Object.entries(PRINTED)) await db.query(`SET LOCAL ${name} = ${value}`);
}

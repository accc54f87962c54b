// How a database is named in messages and remembered: without user and password.
import type { ClientConfig } from 'pg';
import { Client } from 'pg';
import { UsageError } from '../../db/core/errors';

/**
 * `host:port/database` of an address.
 * @throws UsageError when it is not an address of PostgreSQL.
 */
export function placeOf(address: string | ClientConfig): string {
  if (typeof address === 'string' && !/^postgres(ql)?:\/\//.test(address))
    throw new UsageError('--to must be an address such as postgres://user:password@host:5432/name');
  const { host, port, database } = new Client(address);
  return `${host}:${port}/${database ?? ''}`;
}

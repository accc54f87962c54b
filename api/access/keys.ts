// The table of keys: what the routes and the command line do with it. Only a hash of a secret is ever stored.
import { relation } from '../../db/core/sql';
import { apiKeys } from '../../db/schema/service';
import { type Ask, isoText } from '../../db/server/ask';
import { keyText, newKeyParts } from '../http/key-text';
import { hashSecret } from './secret';

/** What a key may do; each role includes the ones before it. */
export const ROLES = ['read', 'write', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** A key as lists show it: without its hash. Times are RFC 3339. */
export interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

/** A new key. `key` is shown once and never stored. */
export interface CreatedKey extends Omit<ListedKey, 'revoked_at'> {
  readonly key: string;
}

/** The parts of a stored key that its check needs. */
export interface StoredKey {
  readonly role: string;
  readonly hash: string;
  readonly revoked: boolean;
  /** Seconds until the key expires; null = it does not expire. */
  readonly seconds_left: number | null;
}

/** A key to create. */
export interface NewKey {
  /** Says to people whose key it is. */
  readonly name: string;
  readonly role: Role;
  /** Absent = it does not expire. */
  readonly expiresInDays?: number | undefined;
}

// As text, because the API and the command line read times differently.
const time = (column: string): string => `${isoText(column, 'SS.US')} AS ${column}`;
const SHOWN = ['id', 'name', 'role', time('created_at'), time('expires_at')].join(', ');
const TABLE = relation(apiKeys);

/** Creates a key. */
export async function createKey(ask: Ask, { name, role, expiresInDays }: NewKey): Promise<CreatedKey> {
  const parts = newKeyParts();
  const rows = await ask<Omit<CreatedKey, 'key'>>(
    `INSERT INTO ${TABLE} (id, name, role, hash, expires_at)
     VALUES ($1, $2, $3, $4, now() + $5::int * interval '1 day') RETURNING ${SHOWN}`,
    [parts.id, name, role, await hashSecret(parts.secret), expiresInDays ?? null],
  );
  return { ...(rows[0] as Omit<CreatedKey, 'key'>), key: keyText(parts) };
}

/** All keys, oldest first, including expired and revoked ones. */
export const listKeys = (ask: Ask): Promise<readonly ListedKey[]> =>
  ask<ListedKey>(`SELECT ${SHOWN}, ${time('revoked_at')} FROM ${TABLE} ORDER BY ${TABLE}.created_at, id`, []);

/** Revokes a key permanently; false when no key has this id. Revoking it again changes nothing. */
export async function revokeKey(ask: Ask, id: string): Promise<boolean> {
  const rows = await ask(
    `UPDATE ${TABLE} SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING id`,
    [id],
  );
  return rows.length > 0;
}

/** The stored key with this id. */
export async function findKey(ask: Ask, id: string): Promise<StoredKey | undefined> {
  const rows = await ask<StoredKey>(
    `SELECT role, hash, revoked_at IS NOT NULL AS revoked,
            extract(epoch FROM expires_at - now())::float8 AS seconds_left FROM ${TABLE} WHERE id = $1`,
    [id],
  );
  return rows[0];
}

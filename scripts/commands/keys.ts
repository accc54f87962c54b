// tsdb keys: make, list and revoke the keys of the API. The first key of an API can only come from here.
import { createKey, type ListedKey, listKeys, type Role, revokeKey } from '../../api/access/keys';
import { hasKeys } from '../../api/access/routes';
import { UsageError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import { type Ask, asking } from '../../db/server/ask';
import { withConnection } from '../../db/server/connection';
import { readContext, requireConnection } from '../context';
import { note, print, printJson, table } from '../output';

export interface CreateFlags {
  readonly name: string;
  readonly role: Role;
  readonly days?: number;
  readonly json?: boolean;
}

interface JsonFlag {
  readonly json?: boolean;
}

const LONGEST_NAME = 100;

/** Makes a key. Standard output is the key alone, so that it can be piped to where secrets are kept. */
export async function createKeyFor({ name, role, days, json }: CreateFlags): Promise<number> {
  // As for the routes: a name is shown in lists.
  if (!/^\P{Cc}+$/u.test(name) || name.length > LONGEST_NAME)
    throw new UsageError(`--name must have 1 to ${LONGEST_NAME} characters and no control characters`);
  const created = await withKeys((ask) => createKey(ask, { name, role, expiresInDays: days }));
  if (json) printJson(created);
  else print(created.key);
  const until = created.expires_at === null ? 'until it is revoked' : `until ${created.expires_at}`;
  note(
    `key ${created.id} of role ${role} is valid ${until}; it is not shown again. Send it as "Authorization: Bearer <key>"`,
  );
  return 0;
}

/** Prints all keys. */
export async function printKeys({ json }: JsonFlag): Promise<number> {
  const keys = await withKeys(listKeys);
  if (json) printJson(keys);
  else
    print(
      table(
        ['id', 'role', 'state', 'created', 'expires', 'name'],
        keys.map((key) => [
          key.id,
          key.role,
          stateOf(key),
          key.created_at,
          key.expires_at ?? 'never',
          key.name,
        ]),
      ),
    );
  return 0;
}

/**
 * Revokes a key.
 * @throws UsageError when there is none of that id.
 */
export async function revokeKeyOf(id: string, { json }: JsonFlag): Promise<number> {
  if (!(await withKeys((ask) => revokeKey(ask, id))))
    throw new UsageError(
      `there is no key ${JSON.stringify(id.slice(0, 40))}; "${invocation('keys list')}" shows the ids`,
    );
  if (json) printJson({ id, revoked: true });
  else print(`key ${id} is revoked; every API refuses it within ten seconds`);
  return 0;
}

async function withKeys<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
  const { config, desired } = readContext();
  if (!hasKeys(desired))
    throw new UsageError(
      `the set with the keys is not selected; add "service" to TSDB_SCHEMAS and run "${invocation('apply')}"`,
    );
  return withConnection(requireConnection(config), (db) => work(asking(db)));
}

function stateOf({ revoked_at, expires_at }: ListedKey): string {
  if (revoked_at !== null) return 'revoked';
  return expires_at !== null && Date.parse(expires_at) <= Date.now() ? 'expired' : 'valid';
}

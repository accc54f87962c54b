// For tests: an API that demands keys, and keys for it.
import type { Environment } from '../../../db/core/settings';
import type { TestServer } from '../../../db/local/test-servers';
import { asking } from '../../../db/server/ask';
import { type ApiUnderTest, startApi } from '../../testing/api-under-test';
import { type CreatedKey, createKey, type Role } from '../keys';

/** An API under test with one key of each role, and a way to more. */
export interface KeyedApi extends ApiUnderTest {
  readonly keys: Readonly<Record<Role, string>>;
  newKey(role: Role, expiresInDays?: number): Promise<CreatedKey>;
}

/** Starts the API with keys switched on. */
export async function startKeyedApi(server: TestServer, env: Environment = {}): Promise<KeyedApi> {
  const api = await startApi(server, { env: { TSDB_API_AUTH: 'keys', ...env } });
  const newKey = (role: Role, expiresInDays?: number): Promise<CreatedKey> =>
    createKey(asking(api.database.keys), { name: `of a ${role}`, role, expiresInDays });
  const keyOf = async (role: Role): Promise<string> => (await newKey(role)).key;
  const keys = { read: await keyOf('read'), write: await keyOf('write'), admin: await keyOf('admin') };
  return { ...api, keys, newKey };
}

/** The headers of a request with this key. */
export const bearer = (key: string): { readonly authorization: string } => ({
  authorization: `Bearer ${key}`,
});

// tsdb keys: the key alone on standard output, good for the API until it is revoked.
import { findKey, type ListedKey } from '../../api/access/keys';
import { isSecretOf } from '../../api/access/secret';
import { parseKey } from '../../api/http/key-text';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { service } from '../../db/schema/service';
import { asking } from '../../db/server/ask';
import { withConnection } from '../../db/server/connection';
import { applied } from '../../db/testing/apply';
import { type CommandHost, startHost } from '../testing/command-host';
import { type Finished, tsdb } from '../testing/command-line';

describe.each(testServers())('tsdb keys on $describe', (server) => {
  let database: TestDatabase;
  let host: CommandHost;
  const env = (): Record<string, string> => ({ DATABASE_URL: database.url, TSDB_SCHEMAS: 'service' });
  const run = (...args: readonly string[]): Promise<Finished> => host.run(['keys', ...args], env());

  beforeAll(async () => {
    host = startHost();
    database = await createTestDatabase(server, applied([service]));
  });
  afterAll(async () => {
    await host.stop();
    await database.drop();
  });

  it('makes a key that is good, lists it without its secret, and revokes it', async () => {
    // In a process of its own: what a script reads from it is its standard output.
    const made = await tsdb('keys create --role write --days 7 --name'.split(' ').concat('Halle 3'), env());
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/^tsdb_[a-z0-9]{12}_[\w-]{43}\n$/);
    const { id, secret } = parseKey(made.stdout.trim()) ?? { id: '', secret: '' };
    expect(made.stderr).toContain(`key ${id} of role write is valid until 20`);
    expect(made.stderr).not.toContain(secret);
    const stored = () => withConnection(database.url, (db) => findKey(asking(db), id));
    expect(await stored()).toMatchObject({ role: 'write', revoked: false });
    expect(await isSecretOf((await stored())?.hash, secret)).toBe(true);

    const list = await run('list');
    expect(list.stdout).toMatch(new RegExp(`^id +role +state .*\\n${id} +write +valid .* Halle 3\\n$`));
    expect(list.stdout).not.toMatch(/scrypt/);

    expect(await run('revoke', id)).toMatchObject({ code: 0, stdout: expect.stringContaining('is revoked') });
    expect(await stored()).toMatchObject({ revoked: true });
    const [listed] = JSON.parse((await run('list', '--json')).stdout) as ListedKey[];
    expect(listed).toMatchObject({ id, name: 'Halle 3', role: 'write', revoked_at: expect.any(String) });
    expect(Object.keys(listed ?? {})).not.toContain('hash');
  });

  it('prints a new key as one JSON document when asked to', async () => {
    const { code, stdout } = await run('create', '--name', 'x', '--role', 'read', '--json');
    expect(code).toBe(0);
    const created = JSON.parse(stdout) as { id: string; key: string };
    expect(created).toMatchObject({ name: 'x', role: 'read', expires_at: null });
    expect(parseKey(created.key)?.id).toBe(created.id);
  });

  it('refuses what makes no sense, and says the way out', async () => {
    const [role, days, name, unknown, noSet] = await Promise.all([
      run('create', '--name', 'x', '--role', 'owner'),
      run('create', '--name', 'x', '--role', 'read', '--days', '0'),
      run('create', '--name', 'a\tb', '--role', 'read'),
      run('revoke', 'abcdefghijkl'),
      host.run(['keys', 'list'], { ...env(), TSDB_SCHEMAS: 'iot' }),
    ]);
    for (const { code, stdout } of [role, days, name, unknown, noSet])
      expect([code, stdout]).toEqual([1, '']);
    expect(role.stderr).toContain('Allowed choices are read, write, admin');
    expect(days.stderr).toContain('from 1 to 3650');
    expect(name.stderr).toContain('no control characters');
    expect(unknown.stderr).toContain(
      'there is no key "abcdefghijkl"; "npm run tsdb -- keys list" shows the ids',
    );
    expect(noSet.stderr).toContain('add "service" to TSDB_SCHEMAS');
  });
});

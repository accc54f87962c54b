// Keys over HTTP on real servers: made, listed and revoked.
import { testServers } from '../../db/local/test-servers';
import { select } from '../../db/testing/apply';
import { startApi } from '../testing/api-under-test';
import { later } from '../testing/clock';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { bearer, startKeyedApi } from './testing/keyed-api';

describe.each(testServers())('routes of keys on $describe', (server) => {
  const api = forSuite(() => startKeyedApi(server));

  it('makes, lists and revokes keys', async () => {
    const admin = bearer(api.keys.admin);
    const made = await api.send(
      'POST',
      '/api/keys',
      { name: 'Gerät 7', role: 'write', expires_in_days: 30 },
      admin,
    );
    expect([made.statusCode, made.headers['cache-control']]).toEqual([201, 'no-store']);
    const { id, key, created_at, expires_at, ...rest } = made.json();
    expect(rest).toEqual({ name: 'Gerät 7', role: 'write' });
    expect(key).toMatch(new RegExp(`^tsdb_${id}_[\\w-]{43}$`));
    expect(Date.parse(expires_at) - Date.parse(created_at)).toBe(30 * 86_400_000);
    expect((await api.get('/api/sensors', bearer(key))).statusCode).toBe(200);

    const [row] = await select<{ hash: string }>(
      api.url,
      `SELECT hash FROM service.api_key WHERE id = '${id}'`,
    );
    const secret = key.split('_').slice(2).join('_');
    expect(row?.hash).toMatch(/^scrypt\$16384\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(JSON.stringify(row)).not.toContain(secret);

    const list = await api.get('/api/keys', admin);
    expect(list.headers['cache-control']).toBe('no-store');
    expect(list.body).not.toMatch(/scrypt|hash/);
    expect(list.body).not.toContain(secret);
    expect(list.json().keys.at(-1)).toEqual({
      id,
      name: 'Gerät 7',
      role: 'write',
      created_at,
      expires_at,
      revoked_at: null,
    });

    expect((await api.send('DELETE', `/api/keys/${id}`, undefined, admin)).statusCode).toBe(204);
    // The process that revoked it forgets it at once.
    const after = await api.get('/api/sensors', bearer(key));
    expect([after.statusCode, after.json().type]).toEqual([401, 'urn:tsdb:problem:key-refused']);
    expect((await api.send('DELETE', `/api/keys/${id}`, undefined, admin)).statusCode).toBe(204);
    const revoked = (await api.get('/api/keys', admin)).json().keys.at(-1).revoked_at;
    expect(Math.abs(Date.parse(revoked) - Date.now())).toBeLessThan(60_000);
    const unknown = await api.send('DELETE', '/api/keys/abcdefghijkl', undefined, admin);
    expect(unknown.json()).toMatchObject({ status: 404, type: 'urn:tsdb:problem:unknown-object' });
  });

  it.each([
    [{ role: 'read' }],
    [{ name: 'x' }],
    [{ name: '', role: 'read' }],
    [{ name: 'a\u0000b', role: 'read' }],
    [{ name: 'x'.repeat(101), role: 'read' }],
    [{ name: 'x', role: 'owner' }],
    [{ name: 'x', role: 'read', expires_in_days: 0 }],
    [{ name: 'x', role: 'read', id: 'mine' }],
  ])('makes no key of %j', async (body) => {
    const answer = await api.send('POST', '/api/keys', body, bearer(api.keys.admin));
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
    ]);
  });

  it('refuses a key that was revoked elsewhere within ten seconds, and one that has expired', async () => {
    const [revoked, expired] = [await api.newKey('read'), await api.newKey('read', 1)];
    const statuses = async () =>
      Promise.all(
        [revoked, expired].map(async ({ key }) => (await api.get('/api/sensors', bearer(key))).statusCode),
      );
    expect(await statuses()).toEqual([200, 200]);
    await runSql(api.url, 'UPDATE service.api_key SET revoked_at = now() WHERE id = $1', [revoked.id]);
    await runSql(api.url, 'UPDATE service.api_key SET expires_at = now() WHERE id = $1', [expired.id]);
    expect(await later(10_000, statuses)).toEqual([401, 401]);
  });

  it('are not there when no set holds keys', async () => {
    const other = await startApi(server, { env: { TSDB_SCHEMAS: 'iot' } });
    const [list, document] = [await other.get('/api/keys'), await other.get('/openapi.json')];
    await other.stop();
    expect(list.statusCode).toBe(404);
    expect(Object.keys(document.json().paths)).not.toContain('/api/keys');
  });
});

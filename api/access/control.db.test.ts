// Who gets in on real servers and who does not, how often, and that nothing of a key is told to anybody.
import { testServers } from '../../db/local/test-servers';
import { buildApp } from '../app';
import { readConfig } from '../config';
import type { ApiApp } from '../http/instance';
import { logOptions } from '../http/log';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { bearer, startKeyedApi } from './testing/keyed-api';

const ENV = { TSDB_API_AUTH: 'keys', TSDB_RATE_LIMIT: '30', TSDB_CORS_ORIGINS: 'https://a.example' };

describe.each(testServers())('the guard on $describe', (server) => {
  const api = forSuite(() => startKeyedApi(server, ENV));

  it('guards every route that is not declared open', async () => {
    const answers = new Map<string, number>();
    await api.app.ready();
    for (const { method, url } of declaredRoutes(api.app))
      answers.set(`${method} ${url}`, (await api.app.inject({ method, url })).statusCode);
    expect(answers.size).toBeGreaterThan(10);
    const open = [...answers].filter(([, status]) => status !== 401).map(([route]) => route);
    // The last three are what clients of InfluxDB and QuestDB ask before they send their key.
    expect(open).toEqual([
      'GET /health/live',
      'GET /health/ready',
      'GET /health/ready/reads',
      'GET /ping',
      'GET /health',
      'GET /settings',
    ]);
  });

  it('is described: operations that need no key say so', async () => {
    const { paths = {}, security } = api.app.swagger() as {
      paths?: Readonly<Record<string, Readonly<Record<string, { readonly security?: readonly object[] }>>>>;
      security?: readonly object[];
    };
    expect(security).toEqual([{ key: [] }]);
    for (const { method, url } of declaredRoutes(api.app)) {
      const { statusCode } = await api.app.inject({ method, url });
      const path = Object.keys(paths).find((known) => known.replaceAll(/\{\w+\}/g, 'x') === url) ?? '';
      const declared = paths[path]?.[method.toLowerCase()]?.security ?? security;
      expect([method, url, declared]).toEqual([method, url, statusCode === 401 ? security : []]);
    }
  });

  it.each([
    ['/api/sensors', 401],
    ['/api/sensors?x=1', 401],
    ['/%61pi/sensors', 401],
    ['/api/%73ensors', 401],
    ['/api/nothing-here', 401],
    ['/%61pi/nothing-here', 401],
    ['http://example.org/api/sensors', 401],
    ['/metrics', 401],
    ['/nothing', 404],
    ['/', 200],
    ['/docs', 200],
    ['/openapi.json', 200],
    ['/health/live', 200],
  ])('without a key, %s is %i', async (path, status) => {
    const answer = await api.get(path);
    expect(answer.statusCode).toBe(status);
    if (status !== 401) return;
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.json()).toMatchObject({ type: 'urn:tsdb:problem:key-missing' });
  });

  it('takes a key from either header', async () => {
    const given = [
      bearer(api.keys.read),
      { authorization: `bearer  ${api.keys.read}` },
      { 'x-api-key': api.keys.read },
    ];
    for (const headers of given) expect((await api.get('/api/sensors', headers)).statusCode).toBe(200);
    const basic = (login: string) =>
      api.get('/api/sensors', { authorization: `Basic ${Buffer.from(login).toString('base64')}` });
    expect((await basic(`anybody:${api.keys.read}`)).statusCode).toBe(200);
    // The key is the password: what comes without a colon has none.
    expect((await basic(api.keys.read)).json()).toMatchObject({ type: 'urn:tsdb:problem:key-missing' });
  });

  it('tells which role is missing', async () => {
    for (const role of ['read', 'write'] as const) {
      const answer = await api.get('/api/keys', bearer(api.keys[role]));
      expect([answer.statusCode, answer.json().type]).toEqual([403, 'urn:tsdb:problem:role-missing']);
      expect(answer.json().detail).toBe(
        `This request needs a key with role admin; this key has role ${role}`,
      );
    }
    expect((await api.get('/api/keys', bearer(api.keys.admin))).statusCode).toBe(200);
    expect((await api.get('/api/nothing-here', bearer(api.keys.read))).statusCode).toBe(404);
  });

  it('refuses a key whose secret is another one, and what is no key', async () => {
    const other = `${api.keys.admin.slice(0, 18)}${'A'.repeat(43)}`;
    for (const key of [other, 'nonsense', `${api.keys.read}x`, "'; DROP TABLE service.api_key; --"]) {
      const answer = await api.get('/api/sensors', bearer(key));
      expect([answer.statusCode, answer.json().type]).toEqual([401, 'urn:tsdb:problem:key-refused']);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.body).not.toContain(key);
    }
  });

  it('limits the requests of a key, and says when to come back', async () => {
    const [{ key }, other] = [await api.newKey('read'), await api.newKey('read')];
    const first = await api.get('/api/sensors', bearer(key));
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '30', 'x-ratelimit-remaining': '29' });
    for (let n = 1; n < 30; n += 1) expect((await api.get('/api/nothing', bearer(key))).statusCode).toBe(404);
    const limited = await api.get('/api/sensors', bearer(key));
    expect([limited.statusCode, limited.json().type]).toEqual([429, 'urn:tsdb:problem:too-many-requests']);
    expect(limited.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(limited.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(limited.headers['x-ratelimit-remaining']).toBe('0');
    expect((await api.get('/api/sensors', bearer(other.key))).statusCode).toBe(200);
    expect((await api.get('/health/live', bearer(key))).statusCode).toBe(200);
  });

  it('stops who tries keys, but not who has one', async () => {
    // An app of its own counts for itself.
    const app = appWith();
    const statuses: number[] = [];
    const ask = async (key: string, remoteAddress: string) =>
      (await app.inject({ url: '/api/sensors', headers: bearer(key), remoteAddress })).statusCode;
    expect(await ask(api.keys.read, '192.0.2.7')).toBe(200);
    for (let n = 0; n < 21; n += 1) statuses.push(await ask(`guess ${n}`, '192.0.2.7'));
    expect(statuses).toEqual([...Array(20).fill(401), 429]);
    expect(await ask(api.keys.read, '192.0.2.7')).toBe(200);
    // Neither a key that this process sees for the first time.
    expect(await ask(api.keys.write, '192.0.2.7')).toBe(200);
    expect(await ask(keyLike(api.keys.write), '192.0.2.7')).toBe(429);
    expect(await ask('guess', '192.0.2.8')).toBe(401);
    await app.close();
  });

  it('lets pages of the named origins in, and only those', async () => {
    const from = (origin: string) => ({ origin, ...bearer(api.keys.write) });
    const allowed = await api.get('/api/sensors?format=csv', from('https://a.example'));
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-expose-headers': expect.stringContaining('x-tsdb-source'),
    });
    // The format's own `vary` stays beside the origin's.
    expect(String(allowed.headers.vary).toLowerCase().split(/, */).sort()).toEqual([
      'accept',
      'accept-encoding',
      'origin',
    ]);
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    const refused = await api.get('/api/sensors', from('https://b.example'));
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    const preflight = (origin: string) =>
      api.app.inject({
        method: 'OPTIONS',
        url: '/api/keys',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization',
        },
      });
    const good = await preflight('https://a.example');
    expect([good.statusCode, good.headers['access-control-allow-origin']]).toEqual([
      204,
      'https://a.example',
    ]);
    expect(good.headers['access-control-allow-headers']).toContain('authorization');
    expect((await preflight('https://b.example')).headers['access-control-allow-origin']).toBeUndefined();
    // A page may read that its key was refused.
    const denied = await api.get('/api/sensors', { origin: 'https://a.example' });
    expect([denied.statusCode, denied.headers['access-control-allow-origin']]).toEqual([
      401,
      'https://a.example',
    ]);
  });

  it('answers a preflight request, and refuses any other OPTIONS as a method that no address has', async () => {
    const headers = { origin: 'https://a.example' };
    const ask = (url: string, more = {}) =>
      api.app.inject({ method: 'OPTIONS', url, headers: { ...headers, ...more } });
    expect((await ask('/api/keys', { 'access-control-request-method': 'POST' })).statusCode).toBe(204);
    const plain = await ask('/api/keys');
    expect([plain.statusCode, plain.headers.allow]).toEqual([405, 'GET, HEAD, POST']);
    expect((await ask('/nothing')).statusCode).toBe(404);
  });

  it('writes nothing of a key into the log or an answer', async () => {
    const lines: string[] = [];
    const app = appWith((line) => lines.push(line));
    const { id, key } = await api.newKey('admin');
    const secret = key.split('_').slice(2).join('_');
    const bodies = [];
    for (const url of [
      '/api/sensors',
      '/api/keys',
      `/api/sensors?key=${key}`,
      `/${key}`,
      `/api/sensors/${key}/raw`,
    ]) {
      const headers = { ...bearer(key), 'x-request-id': key, cookie: key };
      bodies.push((await app.inject({ url, headers })).body);
    }
    bodies.push((await app.inject({ url: '/api/sensors', headers: { 'x-api-key': `${key}x` } })).body);
    await runSql(api.url, 'ALTER TABLE service.api_key RENAME TO away');
    bodies.push((await app.inject({ url: '/api/sensors', headers: bearer(keyLike(key)) })).body);
    await runSql(api.url, 'ALTER TABLE service.away RENAME TO api_key');
    await app.close();
    expect(lines.length).toBeGreaterThan(6);
    expect(lines.join('')).toContain(`"key":"${id}"`);
    expect(lines.join('')).toContain('schema-missing');
    expect(lines.join('') + bodies.join('')).not.toContain(secret.slice(0, 20));
  });

  function appWith(write: (line: string) => void = () => undefined): ApiApp {
    const config = readConfig({ ...ENV, DATABASE_URL: api.url });
    return buildApp({ database: api.database, config, logger: logOptions('trace', { write }) });
  }
});

/** A key with the same secret and another id, so that it is not remembered. */
const keyLike = (key: string): string =>
  key.replace(/^tsdb_./, (head) => `tsdb_${head.endsWith('a') ? 'b' : 'a'}`);

/** What the description lists, with something in place of each parameter. */
function declaredRoutes(app: ApiApp): readonly { method: 'GET' | 'POST' | 'PUT' | 'DELETE'; url: string }[] {
  const { paths = {} } = app.swagger();
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations as object).map((method) => ({
      method: method.toUpperCase() as 'GET',
      url: path.replaceAll(/\{\w+\}/g, 'x'),
    })),
  );
}

// Requests that cannot be answered, on real servers: each has its problem document, and no input breaks the API.
import { testServers } from '../../db/local/test-servers';
import { startApi, startBeside } from '../testing/api-under-test';
import { later } from '../testing/clock';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { holdTable } from '../testing/held-table';
import { randomNumbers } from '../testing/random';

describe.each(testServers())('problems of the API on $describe', (server) => {
  const api = forSuite(() =>
    startApi(server, { env: { TSDB_MAX_ROWS: '10' }, isShuttingDown: () => shuttingDown }),
  );
  let shuttingDown = false;

  beforeAll(async () => {
    const rows = (id: string, count: number) =>
      runSql(
        api.url,
        "INSERT INTO sensor_data SELECT now() - n * interval '1 minute', $1, n, n, n FROM generate_series(1, $2::int) n",
        [id, count],
      );
    await rows('full', 10);
    await rows('over', 11);
  });

  async function problemAt(path: string, method: 'GET' | 'POST' = 'GET') {
    const response = await api.app.inject({ method, url: path });
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    const document = response.json();
    expect(Object.keys(document)).toEqual(['type', 'title', 'status', 'detail', 'instance']);
    expect(document).toMatchObject({ status: response.statusCode, instance: path });
    return { ...document, name: document.type.replace('urn:tsdb:problem:', ''), headers: response.headers };
  }

  it.each([
    ['/api/sensors/nope/raw', 404, 'unknown-sensor'],
    ['/api/sensors/nope/current', 404, 'unknown-sensor'],
    ['/api/sensors/full/raw?period=', 400, 'bad-period'],
    ['/api/sensors/full/daily?period=1x', 400, 'bad-period'],
    ['/api/sensors/full/daily?period=1d&period=2d', 400, 'bad-period'],
    ['/api/sensors//raw', 400, 'bad-sensor-id'],
    [`/api/sensors/${'x'.repeat(51)}/raw`, 400, 'bad-sensor-id'],
    [`/api/sensors/${'x'.repeat(5_000)}/current`, 400, 'bad-sensor-id'],
    ['/api/sensors/a%00b/raw', 400, 'bad-sensor-id'],
    ['/api/sensors/a%0Ab/current', 404, 'unknown-sensor'],
    ['/api/sensors/full/raw?perod=1d', 400, 'invalid-request'],
    ['/api/sensors/%zz/raw', 400, 'invalid-request'],
    ['/nothing', 404, 'unknown-route'],
    ['/api/sensors/full/weekly', 404, 'unknown-route'],
    ['/app.ts', 404, 'unknown-route'],
    ['/..%2fconfig.ts', 404, 'unknown-route'],
  ])('%s is %i %s', async (path, status, name) => {
    expect(await problemAt(path)).toMatchObject({ status, name });
  });

  it('serves no other methods', async () => {
    const problem = await problemAt('/api/sensors', 'POST');
    expect(problem).toMatchObject({ status: 405, name: 'wrong-method', headers: { allow: 'GET, HEAD' } });
  });

  it.each([
    ['POST', '/api/sensors', 'GET, HEAD'],
    ['OPTIONS', '/api/sensors', 'GET, HEAD'],
    ['TRACE', '/api/sensors/full/raw', 'GET, HEAD'],
    ['TRACE', '/api/ingest/sensor_data', 'POST'],
    ['PROPFIND', '/api/sensors/full/raw?period=1d', 'GET, HEAD'],
    ['SEARCH', '/api/series/sensor_data', 'GET, HEAD, DELETE'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['DELETE', '/openapi.json', 'GET, HEAD'],
    ['PURGE', '/', 'GET, HEAD'],
    ['GET', '/api/ingest/sensor_data', 'POST'],
    ['PROPFIND', '/nothing', undefined],
    ['OPTIONS', '/nothing', undefined],
  ])('answers %s %s with the methods of the address', async (method, url, allow) => {
    const { statusCode, headers } = await api.app.inject({ method: method as 'GET', url });
    expect([statusCode, headers.allow]).toEqual([allow === undefined ? 404 : 405, allow]);
  });

  it('refuses an answer above the limit instead of cutting it', async () => {
    expect((await api.get('/api/sensors/full/raw')).json()).toMatchObject({ count: 10 });
    const problem = await problemAt('/api/sensors/over/raw');
    expect(problem).toMatchObject({ status: 422, name: 'too-many-rows' });
    expect(problem.detail).toContain('more than the 10');
    expect(problem.detail).toContain('/hourly?period=1d');
  });

  it('binds hostile ids and periods as values', async () => {
    const hostile = [
      "'; DROP TABLE sensor_data; --",
      "' OR '1'='1",
      '$1',
      '\\',
      '"',
      '%27',
      'a%',
      '_',
      ' ',
      '../x',
      '{}',
    ];
    for (const text of hostile) {
      const code = encodeURIComponent(text).replaceAll("'", '%27');
      expect(await problemAt(`/api/sensors/${code}/raw`)).toMatchObject({ name: 'unknown-sensor' });
      expect(await problemAt(`/api/sensors/${code}/current`)).toMatchObject({ name: 'unknown-sensor' });
      expect(await problemAt(`/api/sensors/full/raw?period=${code}`)).toMatchObject({ name: 'bad-period' });
    }
    expect((await api.get('/api/sensors/full/raw')).json()).toMatchObject({ count: 10 });
  });

  it('survives generated requests without a 5xx', async () => {
    const random = randomNumbers(20261120);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const text = () =>
      Array.from({ length: Math.floor(random() * 12) }, () =>
        String.fromCodePoint(Math.floor(random() * 0x2ff)),
      ).join('');
    const part = () =>
      pick([
        text,
        () => encodeURIComponent(text()),
        () => pick(['full', 'over', '..', '%', '%00', 'x'.repeat(60)]),
      ])();
    for (let n = 0; n < 300; n += 1) {
      const level = pick(['raw', 'hourly', 'daily', 'monthly', 'current', part()]);
      const query = pick(['', '?period=', '?period=9999y', '?']) + pick(['', part(), '5d', '&', '#']);
      const path = pick([
        `/api/sensors/${part()}/${level}${query}`,
        `/${part()}${query}`,
        `/api/sensors/full/${level}${query}`,
      ]);
      // Only what a client can send: Node refuses raw control characters and spaces in an address itself.
      const url = path.replaceAll(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character));
      const { statusCode } = await api.get(url);
      expect([url, statusCode < 500]).toEqual([url, true]);
    }
  });

  it('works again after all its connections were ended', async () => {
    await Promise.all(Array.from({ length: 8 }, () => api.get('/api/sensors')));
    // Returns when they are gone: one that ends while the query is repeated would be the second failure.
    await runSql(
      api.url,
      'SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    const after = await Promise.all(Array.from({ length: 8 }, () => api.get('/api/sensors')));
    expect(after.map(({ statusCode }) => statusCode)).toEqual(Array(8).fill(200));
  });

  it('repeats a query whose connection was ended under way', async () => {
    const table = await holdTable(api.url);
    const underWay = api.get('/api/sensors/full/raw');
    await table.hasWaiting(1);
    expect(await table.endWaiting()).toBe(1);
    // This is the second try.
    await table.hasWaiting(1);
    await table.release();
    expect((await underWay).statusCode).toBe(200);
  });

  it('reports a query that runs too long, and a missing table', async () => {
    const other = await startApi(server);
    const hasty = startBeside(other, { env: { TSDB_STATEMENT_TIMEOUT_MS: '300' } });
    const table = await holdTable(other.url);
    const slow = await hasty.get('/api/sensors/full/raw');
    await table.release();
    await hasty.stop();
    await runSql(other.url, 'ALTER TABLE sensor_data RENAME TO kept');
    const missing = await other.get('/api/sensors/full/raw');
    const notReady = await other.get('/health/ready');
    await other.stop();
    expect(slow.json()).toMatchObject({ status: 504, type: 'urn:tsdb:problem:database-timeout' });
    expect(missing.json()).toMatchObject({ status: 503, type: 'urn:tsdb:problem:schema-missing' });
    expect(notReady.json()).toMatchObject({ status: 503, type: 'urn:tsdb:problem:not-ready' });
    expect(notReady.json().detail).toContain('public.sensor_data');
  });

  it('is live but not ready while the database is away, and recovers with it', async () => {
    const other = await startApi(server);
    const name = new URL(other.url).pathname.slice(1);
    const away = async (allow: boolean) => {
      await runSql(server.url, `ALTER DATABASE "${name}" ALLOW_CONNECTIONS ${allow}`);
      await runSql(
        server.url,
        'SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = $1',
        [name],
      );
    };
    expect((await other.get('/health/ready')).statusCode).toBe(200);
    await away(false);
    // Answers of the probe are shared for half a second.
    const [live, ready, query] = await later(500, async () => [
      await other.get('/health/live'),
      await other.get('/health/ready'),
      await other.get('/api/sensors'),
    ]);
    await away(true);
    const recovered = await other.get('/api/sensors');
    await other.stop();
    expect([live, ready, query, recovered].map((answer) => answer?.statusCode)).toEqual([200, 503, 503, 200]);
    expect(query?.headers['retry-after']).toBe('5');
    expect(query?.json()).toMatchObject({ type: 'urn:tsdb:problem:database-unavailable' });
  });

  it('turns unready, but keeps answering, while it shuts down', async () => {
    shuttingDown = true;
    const [ready, query] = [await api.get('/health/ready'), await api.get('/api/sensors')];
    shuttingDown = false;
    expect([ready.statusCode, query.statusCode]).toEqual([503, 200]);
    expect(ready.json().detail).toBe('This server is shutting down');
  });
});

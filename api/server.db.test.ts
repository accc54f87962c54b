// The API as a process would run it: a port, bytes on a socket, and an end that drops nothing.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { UsageError } from '../db/errors';
import { createTestDatabase, type TestDatabase, testServers } from '../db/local/test-servers';
import { type ApiConfig, readConfig } from './config';
import { startServer } from './server';
import { fixture } from './testing/fixture';

describe.each(testServers())('startServer on $describe', (server) => {
  let database: TestDatabase;
  let config: ApiConfig;

  beforeAll(async () => {
    database = await createTestDatabase(server, fixture());
    config = readConfig({ DATABASE_URL: database.url, PORT: '0', LOG_LEVEL: 'silent' });
  });
  afterAll(() => database.drop());

  it('answers requests, with the headers of every answer', async () => {
    const running = await startServer(config, { signals: 'ignore' });
    const answer = await fetch(`${running.url}/api/sensors`);
    const page = await fetch(`${running.url}/`);
    const script = await fetch(`${running.url}/vendor/uplot/uPlot.iife.min.js`);
    const source = await script.text();
    await running.close();
    expect(source).toContain('uPlot');
    expect(await answer.json()).toEqual({ sensors: [], next: null });
    expect(await page.text()).toContain('<script type="module" src="/app.js">');
    expect(script.headers.get('cache-control')).toBe('public, max-age=86400');
    for (const { headers } of [answer, page, script]) {
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(
        headers.get('server') ?? headers.get('x-powered-by') ?? headers.get('access-control-allow-origin'),
      ).toBeNull();
    }
  });

  it('refuses a port that is in use', async () => {
    const running = await startServer(config, { signals: 'ignore' });
    const port = Number(new URL(running.url).port);
    const second = startServer({ ...config, port }, { signals: 'ignore' });
    await expect(second).rejects.toThrow(
      `port ${port} on 127.0.0.1 is in use; stop the other program or set PORT to a free port`,
    );
    await running.close();
  });

  it('refuses to demand keys where no selected set holds them', async () => {
    const env = { DATABASE_URL: database.url, TSDB_SCHEMAS: 'iot', PORT: '0', LOG_LEVEL: 'silent' };
    const start = (more: Readonly<Record<string, string>>) =>
      startServer(readConfig({ ...env, ...more }), { signals: 'ignore' });
    for (const more of [{ TSDB_API_AUTH: 'keys' }, { HOST: '0.0.0.0' }]) {
      await expect(start(more)).rejects.toThrow(/add "service" to TSDB_SCHEMAS .* or set TSDB_API_AUTH=off/);
      await expect(start(more)).rejects.toBeInstanceOf(UsageError);
    }
    await (await start({ TSDB_API_AUTH: 'off' })).close();
    const keyed = await start({ TSDB_API_AUTH: 'keys', TSDB_SCHEMAS: 'iot,service' });
    const { status } = await fetch(`${keyed.url}/api/sensors`);
    await keyed.close();
    expect(status).toBe(401);
  });

  it('counts a request whose client went away as ended', async () => {
    const running = await startServer(config, { signals: 'ignore' });
    const blocker = new Client({ connectionString: database.url });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE sensor_data IN ACCESS EXCLUSIVE MODE');
    const inFlight = async () =>
      /^http_requests_in_flight (\d+)$/m.exec(await (await fetch(`${running.url}/metrics`)).text())?.[1];
    const client = new AbortController();
    const gone = fetch(`${running.url}/api/sensors`, { signal: client.signal }).catch(() => 'gone');
    await sleep(200);
    const during = await inFlight();
    client.abort();
    await gone;
    await sleep(200);
    const after = await inFlight();
    await blocker.query('ROLLBACK');
    await blocker.end();
    await running.close();
    // The scrape is one itself.
    expect([during, after]).toEqual(['2', '1']);
  });

  it('finishes requests under way before it ends', async () => {
    const running = await startServer(config, { signals: 'ignore' });
    const blocker = new Client({ connectionString: database.url });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE sensor_data IN ACCESS EXCLUSIVE MODE');
    const underWay = fetch(`${running.url}/api/sensors`);
    await sleep(200);
    const closing = running.close();
    await sleep(200);
    await expect(fetch(`${running.url}/health/live`)).rejects.toThrow();
    await blocker.query('ROLLBACK');
    await blocker.end();
    const began = performance.now();
    expect((await underWay).status).toBe(200);
    await closing;
    expect(performance.now() - began).toBeLessThan(5_000);
    await running.closed;
  });

  it('does not wait for ever', async () => {
    const running = await startServer(config, { signals: 'ignore', drainMs: 200 });
    const blocker = new Client({ connectionString: database.url });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE sensor_data IN ACCESS EXCLUSIVE MODE');
    const underWay = fetch(`${running.url}/api/sensors`).catch(() => 'dropped');
    await sleep(200);
    const began = performance.now();
    await running.close();
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(await underWay).toBe('dropped');
    await blocker.query('ROLLBACK');
    await blocker.end();
  });

  it('starts without a database and says so', async () => {
    const nowhere = { ...config, database: { connectionString: 'postgres://nobody@127.0.0.1:1/none' } };
    const running = await startServer(nowhere, { signals: 'ignore' });
    const statuses = await Promise.all(
      ['/health/live', '/health/ready', '/api/sensors'].map(
        async (path) => (await fetch(running.url + path)).status,
      ),
    );
    await running.close();
    expect(statuses).toEqual([200, 503, 503]);
  });

  it('answers bytes that are no request with a problem', async () => {
    const running = await startServer(config, { signals: 'ignore' });
    const answers = await Promise.all(
      ['nonsense\r\n\r\n', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`].map((bytes) =>
        exchange(Number(new URL(running.url).port), bytes),
      ),
    );
    await running.close();
    expect(answers[0]).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*"urn:tsdb:problem:invalid-request"/);
    expect(answers[1]).toMatch(/^HTTP\/1\.1 431 [\s\S]*content-type: application\/problem\+json/);
  });
});

function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (part) => {
      answer += part;
    });
    socket.on('end', () => resolve(answer)).on('error', reject);
  });
}

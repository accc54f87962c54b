// The API as a process would run it: a port, bytes on a socket, and an end that drops nothing.
import { connect } from 'node:net';
import { UsageError } from '../db/core/errors';
import { createTestDatabase, type TestDatabase, testServers } from '../db/local/test-servers';
import { waitFor } from '../db/local/testing/wait';
import { type ApiConfig, readConfig } from './config';
import { startServer } from './server';
import { fixture } from './testing/fixture';
import { holdTable } from './testing/held-table';
import { requestsInFlight } from './testing/requests-in-flight';

describe.each(testServers())('startServer on $describe', (server) => {
  let database: TestDatabase;
  let config: ApiConfig;

  beforeAll(async () => {
    database = await createTestDatabase(server, fixture());
    config = readConfig({
      DATABASE_URL: database.url,
      PORT: '0',
      LOG_LEVEL: 'silent',
      // No query ends before a test lets it.
      TSDB_STATEMENT_TIMEOUT_MS: '600000',
    });
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
    const table = await holdTable(database.url);
    const inFlight = () => requestsInFlight(async () => (await fetch(`${running.url}/metrics`)).text());
    // No fetch: after an abort it may keep a connection ready that it never uses, which the server waits for.
    const client = connect(Number(new URL(running.url).port), '127.0.0.1');
    client.write('GET /api/sensors HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await table.hasWaiting(1);
    const during = await inFlight();
    client.destroy();
    await waitFor('the request is counted as ended', async () => (await inFlight()) === 0);
    // It ended although its query has not.
    await table.hasWaiting(1);
    await table.release();
    await running.close();
    expect(during).toBe(1);
  });

  it('finishes requests under way before it ends', async () => {
    // If it waited for this limit instead of the request, so would this test, and in vain.
    const running = await startServer(config, { signals: 'ignore', drainMs: 600_000 });
    const table = await holdTable(database.url);
    const underWay = fetch(`${running.url}/api/sensors`);
    await table.hasWaiting(1);
    let isClosed = false;
    const closing = running.close().then(() => {
      isClosed = true;
    });
    const answers = () =>
      fetch(`${running.url}/health/live`).then(
        () => true,
        () => false,
      );
    await waitFor('the port is closed', async () => !(await answers()));
    expect(isClosed).toBe(false);
    await table.release();
    expect((await underWay).status).toBe(200);
    await closing;
    await running.closed;
  });

  it('does not wait for ever', async () => {
    const running = await startServer(config, { signals: 'ignore', drainMs: 200 });
    const table = await holdTable(database.url);
    const underWay = fetch(`${running.url}/api/sensors`).catch(() => 'dropped');
    await table.hasWaiting(1);
    await running.close();
    expect(await underWay).toBe('dropped');
    // What it did not wait for goes on.
    await table.hasWaiting(1);
    await table.release();
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

  it('is no proxy', async () => {
    const running = await startServer(config, { signals: 'ignore' });
    const port = Number(new URL(running.url).port);
    const answer = await exchange(port, 'CONNECT example.org:443 HTTP/1.1\r\nhost: example.org:443\r\n\r\n');
    await running.close();
    expect(answer).toMatch(
      /^HTTP\/1\.1 405 Method Not Allowed\r\n[\s\S]*allow: \r\n[\s\S]*"urn:tsdb:problem:wrong-method"/,
    );
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

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkAnswers } from './self-check';

const DAY_MS = 86_400_000;
const rows = { count: 1, data: [{}] };
const good: Readonly<Record<string, unknown>> = {
  '/health/live': {},
  '/health/ready': {},
  '/': '<html>',
  '/api/sensors': { sensors: [{ sensor_id: 'a/b' }] },
  '/api/sensors/a%2Fb/current': { temperature: 20, time: new Date(Date.now() - 2 * DAY_MS).toISOString() },
  '/api/sensors/a%2Fb/raw?period=1d': rows,
  '/api/sensors/a%2Fb/hourly?period=1w': rows,
  '/api/sensors/a%2Fb/daily?period=1m': rows,
  '/api/sensors/a%2Fb/monthly?period=1y': rows,
};

let server: Server | undefined;
afterEach(() => new Promise((done) => (server ? server.close(done) : done(undefined))));

/** An API that answers from a table; other paths are 503. */
async function apiWith(answers: Readonly<Record<string, unknown>>): Promise<string> {
  const listening = createServer((request, response) => {
    const body = answers[request.url ?? ''];
    const isPage = typeof body === 'string';
    response
      .writeHead(body === undefined ? 503 : 200, {
        'content-type': isPage ? 'text/html' : 'application/json',
        connection: 'close',
      })
      .end(isPage ? body : JSON.stringify(body ?? { title: 'broken' }));
  });
  server = listening;
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

describe('checkAnswers', () => {
  it('looks at every endpoint', async () => {
    const answers = await checkAnswers(await apiWith(good));
    expect(answers.map(({ path }) => path)).toEqual(Object.keys(good));
  });

  it.each(Object.keys(good))('fails when %s fails', async (path) => {
    const { [path]: _, ...others } = good;
    await expect(checkAnswers(await apiWith(others))).rejects.toThrow(
      `GET ${path} answered 503: {"title":"broken"}`,
    );
  });

  it.each([
    ['/', 'nothing here', 'no page'],
    ['/api/sensors', { sensors: [] }, 'no sensors'],
    ['/api/sensors/a%2Fb/current', { time: 'x' }, 'no temperature'],
    ['/api/sensors/a%2Fb/raw?period=1d', { count: 2, data: [{}] }, 'count is 2, but the answer has 1 row'],
    [
      '/api/sensors/a%2Fb/hourly?period=1w',
      { count: 0, data: [] },
      'no rows, although the last reading is from',
    ],
  ])('fails when %s answers %j', async (path, body, fault) => {
    const url = await apiWith({ ...good, [path]: body });
    await expect(checkAnswers(url)).rejects.toThrow(`GET ${path} answered 200: ${fault}`);
  });

  it('lets readings that are older than a period be missing in it', async () => {
    const url = await apiWith({ ...good, '/api/sensors/a%2Fb/raw?period=1d': { count: 0, data: [] } });
    expect(await checkAnswers(url)).toContainEqual({
      path: '/api/sensors/a%2Fb/raw?period=1d',
      detail: expect.stringContaining('no rows, because the last reading is from'),
    });
  });

  it('says when there is no answer', async () => {
    await expect(checkAnswers('http://127.0.0.1:1')).rejects.toThrow('GET /health/live got no answer');
  });
});

// Answers of many rows on real servers: the same rows as in pages, in turns with other requests, limited, and never cut silently.
import { type AddressInfo, connect } from 'node:net';
import accepts from '@fastify/accepts';
import fastify from 'fastify';
import { Client } from 'pg';
import { testServers } from '../db/local/test-servers';
import { waitFor } from '../db/local/testing/wait';
import { queryRows } from './database/query';
import { problemOf } from './failures';
import { currentShare, shareLargeAnswers } from './http/answer-share';
import { sendRows } from './http/formats';
import type { ApiApp } from './http/instance';
import { startApi } from './testing/api-under-test';
import { runSql } from './testing/fixture';
import { forSuite } from './testing/for-suite';

const ROWS = 12_000;
const RANGE = 'from=2026-03-01&to=2026-03-02';
const ADDRESSES = [
  `/api/sensors/big/raw?${RANGE}`,
  `/api/series/sensor_data?by=sensor_id&field=temperature,humidity&where=sensor_id=big&${RANGE}`,
];
const WITHOUT_PAGES = `/api/series/sensor_data/moving-average?field=temperature&window=1m&where=sensor_id=big&${RANGE}`;

describe.each(testServers())('large answers on $describe', (server) => {
  const api = forSuite(() => startApi(server, { env: { TSDB_STATEMENT_TIMEOUT_MS: '600000' } }));

  beforeAll(async () => {
    // Every seventh reading has no temperature, and three readings share each time.
    await runSql(
      api.url,
      `INSERT INTO sensor_data
       SELECT '2026-03-01'::timestamptz + (n / 3) * interval '1.000001 seconds', 'big',
              CASE WHEN n % 7 = 0 THEN NULL ELSE n / 3.0 END, n % 100, 1000 FROM generate_series(1, $1::int) n`,
      [ROWS],
    );
    await runSql(api.url, "INSERT INTO sensor_data VALUES ('2026-03-01', 'few', 1, 2, 3)");
  });

  /** The answers of all pages. */
  async function pages(address: string, limit: number): Promise<readonly string[]> {
    const bodies: string[] = [];
    let next: string | undefined = `${address}&limit=${limit}`;
    while (next !== undefined) {
      const answer = await api.get(next);
      expect(answer.statusCode).toBe(200);
      bodies.push(answer.body);
      next = /^<(.*)>; rel="next"$/.exec(String(answer.headers.link ?? ''))?.[1];
    }
    return bodies;
  }

  it.each(ADDRESSES)('have the bytes of their pages: %s', async (address) => {
    const json = (await api.get(address)).body;
    const ofJson = (body: string) => body.slice(body.indexOf('"data":[') + 8, -2);
    const ndjson = (await api.get(`${address}&format=ndjson`)).body;
    const csv = (await api.get(`${address}&format=csv`)).body;
    const { data, count } = JSON.parse(json);
    expect([count, data.length, new Set(data.map((row: { time: string }) => row.time)).size]).toEqual([
      ROWS,
      ROWS,
      ROWS / 3 + 1,
    ]);
    expect(ndjson).toBe(data.map((row: object) => `${JSON.stringify(row)}\n`).join(''));
    // Pages of 700 rows are small, and those of 5,000 are large.
    for (const limit of [700, 5_000]) {
      expect((await pages(address, limit)).map(ofJson).join(',') === ofJson(json)).toBe(true);
      expect((await pages(`${address}&format=ndjson`, limit)).join('') === ndjson).toBe(true);
      const [first = '', ...others] = await pages(`${address}&format=csv`, limit);
      const withoutHeader = others.map((page) => page.slice(page.indexOf('\n') + 1));
      expect([first, ...withoutHeader].join('') === csv).toBe(true);
    }
  });

  it('are the same when they have no pages, and refuse what is above the limit', async () => {
    const { data } = (await api.get(WITHOUT_PAGES)).json();
    const values = data.map(({ value }: { value: number | null }) => value);
    const stored = (await api.get(ADDRESSES[0] as string)).json().data;
    const present = stored.filter(({ temperature }: { temperature: number | null }) => temperature !== null);
    expect(values.filter((value: number | null) => value !== null)).toEqual(
      present.map(({ temperature }: { temperature: number }) => temperature),
    );
    const filled = await api.get(
      `/api/series/sensor_data?field=avg(temperature)&by=sensor_id&bucket=1s&fill=locf&where=sensor_id=big&${RANGE}`,
    );
    expect([filled.statusCode, filled.json().count]).toEqual([200, 86_400]);
  });

  it('are answered beside small ones, and refused when too many wait', async () => {
    const address = `${ADDRESSES[0]}&format=ndjson`;
    const whole = (await api.get(address)).body;
    const large = Array.from({ length: 70 }, () => api.get(address));
    const small = Array.from({ length: 20 }, () => api.get(`/api/sensors/few/raw?${RANGE}`));
    for (const { statusCode, body } of await Promise.all(small)) {
      expect(statusCode).toBe(200);
      expect(JSON.parse(body).count).toBe(1);
    }
    const answers = await Promise.all(large);
    const refused = answers.filter(({ statusCode }) => statusCode === 429);
    // Two are read and 50 wait.
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThanOrEqual(18);
    expect(refused.every(({ headers }) => headers['retry-after'] === '1')).toBe(true);
    const given = answers.filter(({ statusCode }) => statusCode === 200);
    expect(given).toHaveLength(70 - refused.length);
    expect(given.every(({ body }) => body === whole)).toBe(true);
  });

  describe('of any query', () => {
    const app: ApiApp = fastify() as unknown as ApiApp;
    const queries = new Map<string, string>();
    beforeAll(async () => {
      app.decorateRequest('keyId', '');
      app.setErrorHandler((error, request, reply) => {
        const problem = problemOf(error, request);
        return reply.code(problem.status).send(problem.toDocument(request.url));
      });
      void app.register(accepts);
      shareLargeAnswers(app, { places: 1, waiting: 10, waitMs: 600_000, heldBytes: 1e9 });
      app.register(async (routes) => {
        routes.get('/:query', async (request, reply) => {
          const { query } = request.params as { query: string };
          const data = await queryRows(api.pool, queries.get(query) ?? '');
          return sendRows(request as never, reply as never, ['n'], {
            data,
            isLarge: currentShare()?.expectsMuch,
          });
        });
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
    });
    afterAll(() => app.close());

    it('become a problem when they fail in their middle', async () => {
      queries.set('fails', 'SELECT 1 / (9000 - n) AS n FROM generate_series(1, 20000) n');
      queries.set('works', 'SELECT n FROM generate_series(1, 20000) n');
      for (let n = 0; n < 6; n += 1) {
        const { statusCode, body } = await app.inject('/fails');
        expect([statusCode, JSON.parse(body).type]).toEqual([500, 'urn:tsdb:problem:internal']);
      }
      const works = (await app.inject('/works')).json();
      expect(works.isLarge).toBe(true);
      expect(works.data.map(({ n }: { n: number }) => n)).toEqual(
        Array.from({ length: 20_000 }, (_, n) => n + 1),
      );
    });

    it('are large by their bytes, too', async () => {
      queries.set('wide', "SELECT n, repeat('x', 100000) AS text FROM generate_series(1, 20) n");
      queries.set('narrow', 'SELECT n FROM generate_series(1, 2000) n');
      expect((await app.inject('/wide')).json()).toMatchObject({ isLarge: true });
      expect((await app.inject('/narrow')).json()).toMatchObject({ isLarge: false });
    });

    it('are abandoned when their client disconnects, wherever they are', async () => {
      const holder = new Client({ connectionString: api.url });
      await holder.connect();
      await holder.query('SELECT pg_advisory_lock(42)');
      const waiting = async () => {
        const { rows } = await holder.query(
          "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        );
        return rows.length;
      };
      // Sends many rows, and then waits for a lock.
      queries.set(
        'stuck',
        "SELECT n, repeat('x', 100) AS text, CASE WHEN n = 9000 THEN pg_advisory_xact_lock(42) END::text AS wait FROM generate_series(1, 20000) n",
      );
      const open = (path: string) => {
        const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
        socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
        return socket;
      };
      const first = open('/stuck');
      await waitFor('the query is in its middle', async () => (await waiting()) === 1);
      // It has the only place. A second one finds that out, and a third one expects it from the start.
      const refused = ['/works', '/works'].map((path) => {
        const answer = app.inject(path).then(({ statusCode }) => statusCode);
        return answer;
      });
      const second = open('/stuck');
      first.destroy();
      second.destroy();
      expect(await Promise.all(refused)).toEqual([200, 200]);
      expect((await app.inject('/works')).statusCode).toBe(200);
      await holder.query('SELECT pg_advisory_unlock(42)');
      await holder.end();
      await waitFor(
        'the pool has all its connections',
        async () => api.pool.totalCount === api.pool.idleCount,
      );
    });
  });

  it('leave turns to other work while they are read', async () => {
    let turns = 0;
    let isRead = false;
    const count = (): void => {
      turns += 1;
      if (!isRead) setImmediate(count);
    };
    setImmediate(count);
    const { rows } = await api.pool.query(
      "SELECT repeat('x', 1000) AS text FROM generate_series(1, 20000) AS n",
    );
    isRead = true;
    expect(rows).toHaveLength(20_000);
    // 20 MB in pieces of at most twice 64 kB.
    expect(turns).toBeGreaterThan(150);
  });
});

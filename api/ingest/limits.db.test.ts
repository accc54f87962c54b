// More writes than the server can take: refused early, and nothing is left behind by clients that go away.
import { connect } from 'node:net';
import { testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { startApi } from '../testing/api-under-test';
import { forSuite } from '../testing/for-suite';
import { holdTable } from '../testing/held-table';
import { requestsInFlight } from '../testing/requests-in-flight';

const ENV = { TSDB_WRITE_POOL_SIZE: '1', TSDB_MAX_BODY_BYTES: '10000', TSDB_STATEMENT_TIMEOUT_MS: '60000' };
const [SLOTS, WAITING] = [1, 4];

describe.each(testServers())('too many writes on $describe', (server) => {
  const api = forSuite(() => startApi(server, { env: ENV }));
  let port: number;
  beforeAll(async () => {
    await api.app.listen({ port: 0, host: '127.0.0.1' });
    const address = api.app.server.address();
    port = typeof address === 'object' && address ? address.port : 0;
  });

  // One time for all rows: a day that begins meanwhile would need a chunk of a table that is locked.
  const time = new Date(Date.now() - 60_000).toISOString();
  const write = (sensor_id: string, padding = '') =>
    api.send('POST', '/api/ingest/sensor_data', `[{"time":"${time}","sensor_id":"${sensor_id}"}]${padding}`, {
      'content-type': 'application/json',
    });
  const underWay = () => requestsInFlight(async () => (await api.get('/metrics')).body);
  const untilUnderWay = (requests: number) =>
    waitFor(`${requests} requests are under way`, async () => (await underWay()) === requests);

  it('answers 429 with Retry-After beyond the waiting ones, which are all written', async () => {
    await write('first'); // its chunk is there before the table is locked
    const waiting: ReturnType<typeof write>[] = [];
    const table = await holdTable(api.url, 'EXCLUSIVE');
    try {
      for (let n = 0; n < SLOTS + WAITING; n += 1) waiting.push(write('waiting'));
      await table.hasWaiting(SLOTS);
      await untilUnderWay(SLOTS + WAITING);
      const refused = await write('refused');
      expect(refused.statusCode).toBe(429);
      expect(refused.headers['retry-after']).toBe('1');
      expect(refused.json()).toMatchObject({ type: 'urn:tsdb:problem:too-many-requests' });
      expect((await api.get('/api/sensors')).statusCode).toBe(200);
    } finally {
      await table.release();
    }
    for (const answer of await Promise.all(waiting)) expect(answer.statusCode).toBe(200);
    const { rows } = await api.pool.query(
      'SELECT sensor_id, count(*)::int AS n FROM sensor_data GROUP BY 1 ORDER BY 1',
    );
    expect(rows).toEqual([
      { sensor_id: 'first', n: 1 },
      { sensor_id: 'waiting', n: SLOTS + WAITING },
    ]);
    expect((await write('after')).statusCode).toBe(200);
  });

  it('forgets clients that leave in the middle of their bodies, and bodies that are too large', async () => {
    for (let n = 0; n < 2 * (SLOTS + WAITING); n += 1) {
      const before = await underWay();
      const socket = connect(port, '127.0.0.1');
      socket.write(
        'POST /api/ingest/sensor_data HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n[{"time"',
      );
      await untilUnderWay(before + 1);
      socket.destroy();
      await untilUnderWay(before);
      expect((await write('large', ' '.repeat(20_000))).statusCode).toBe(413);
    }
    for (let n = 0; n < 3; n += 1) expect((await write('still works')).statusCode).toBe(200);
  });

  it('keeps no place for bodies that are slow to come', async () => {
    await write('first');
    const before = await underWay();
    const sockets = Array.from({ length: 24 }, () => connect(port, '127.0.0.1'));
    for (const socket of sockets)
      socket.write(
        'POST /api/ingest/sensor_data HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n[{"time"',
      );
    await untilUnderWay(before + sockets.length);
    for (let n = 0; n < 3; n += 1) expect((await write('quick')).statusCode).toBe(200);
    for (const socket of sockets) socket.destroy();
    await untilUnderWay(before);
  });

  it('answers 413 to a body of unknown length as soon as it is too large', async () => {
    const body = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 5; n += 1) controller.enqueue(new Uint8Array(4_000).fill(0x20));
        controller.close();
      },
    });
    const answer = await fetch(`http://127.0.0.1:${port}/api/ingest/sensor_data`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ type: 'urn:tsdb:problem:body-too-large' });
  });
});

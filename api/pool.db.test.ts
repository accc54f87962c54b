// Pools on real servers: what happens to requests when all connections are busy.
import { Client } from 'pg';
import { testServers } from '../db/local/test-servers';
import { startApi } from './testing/api-under-test';

describe.each(testServers())('busy connections on $describe', (server) => {
  it('are not waited for without end, and leave the server ready and able to write', async () => {
    const api = await startApi(server, { env: { TSDB_POOL_SIZE: '2', TSDB_STATEMENT_TIMEOUT_MS: '60000' } });
    const blocker = new Client({ connectionString: api.url });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE sensor_data IN ACCESS EXCLUSIVE MODE');
    const held = [api.get('/api/sensors/a/raw'), api.get('/api/sensors/b/raw')];
    while (api.pool.totalCount < 2 || api.pool.idleCount > 0) await new Promise(setImmediate);
    const began = performance.now();
    const late = api.get('/api/sensors/c/raw');
    const ready = await api.get('/health/ready');
    const readyAfter = performance.now() - began;
    const written = await api.database.writer.query('SELECT 1 AS one');
    const refused = await late;
    const refusedAfter = performance.now() - began;
    const readyStill = await api.get('/health/ready');
    await blocker.query('ROLLBACK');
    await blocker.end();
    const statuses = (await Promise.all(held)).map(({ statusCode }) => statusCode);
    const recovered = await api.get('/api/sensors');
    await api.stop();

    expect([refused.statusCode, refused.json().type, refused.headers['retry-after']]).toEqual([
      503,
      'urn:tsdb:problem:database-unavailable',
      '5',
    ]);
    // The limit of the pool is five seconds.
    expect(refusedAfter).toBeGreaterThan(4_000);
    expect(refusedAfter).toBeLessThan(9_000);
    expect([ready.statusCode, readyStill.statusCode]).toEqual([200, 200]);
    expect(readyAfter).toBeLessThan(4_000);
    expect(written.rows).toEqual([{ one: 1 }]);
    // Who had a connection is answered in the end: no such sensors.
    expect(statuses).toEqual([404, 404]);
    expect(recovered.statusCode).toBe(200);
  });
});

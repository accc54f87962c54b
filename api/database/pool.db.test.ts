// Pools on real servers: what happens to requests when all connections are busy.
import { testServers } from '../../db/local/test-servers';
import { startApi } from '../testing/api-under-test';
import { holdTable } from '../testing/held-table';

describe.each(testServers())('busy connections on $describe', (server) => {
  it('are not waited for without end, and leave the server ready and able to write', async () => {
    const env = { TSDB_POOL_SIZE: '2', TSDB_STATEMENT_TIMEOUT_MS: '600000' };
    const api = await startApi(server, { env });
    const table = await holdTable(api.url);
    const ended: string[] = [];
    const told = <T>(name: string, work: Promise<T>): Promise<T> => work.finally(() => ended.push(name));
    const held = ['a', 'b'].map((id) => told('held', api.get(`/api/sensors/${id}/raw`)));
    await table.hasWaiting(2);
    const began = performance.now();
    const late = told('late', api.get('/api/sensors/c/raw'));
    const ready = await told('ready', api.get('/health/ready'));
    const written = await told('written', api.database.writer.query('SELECT 1 AS one'));
    const refused = await late;
    const refusedAfter = performance.now() - began;
    const readyStill = await api.get('/health/ready');
    await table.release();
    const statuses = (await Promise.all(held)).map(({ statusCode }) => statusCode);
    const recovered = await api.get('/api/sensors');
    await api.stop();

    expect([refused.statusCode, refused.json().type, refused.headers['retry-after']]).toEqual([
      503,
      'urn:tsdb:problem:database-unavailable',
      '5',
    ]);
    // The limit of the pool is five seconds; the others had their answers before, and those who held it up had none yet.
    expect(refusedAfter).toBeGreaterThan(4_000);
    expect(ended).toEqual(['ready', 'written', 'late', 'held', 'held']);
    expect([ready.statusCode, readyStill.statusCode]).toEqual([200, 200]);
    expect(written.rows).toEqual([{ one: 1 }]);
    // Who had a connection is answered in the end: no such sensors.
    expect(statuses).toEqual([404, 404]);
    expect(recovered.statusCode).toBe(200);
  });
});

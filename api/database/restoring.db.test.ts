// A database in TimescaleDB's restoring mode: nothing is read from it and nothing is written to it, on old connections too.
import { withClient } from '../../db/local/server-facts';
import { describeOn } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { select } from '../../db/testing/apply';
import { type ApiUnderTest, startApi, startBeside } from '../testing/api-under-test';

const COUNT = 'SELECT count(*)::int AS rows FROM public.sensor_data';

describeOn('timescaledb', 'a database in restoring mode', (server) => {
  let api: ApiUnderTest;
  beforeAll(async () => {
    api = await startApi(server);
  });
  afterAll(() => api.stop());

  const ingest = (sensor: string) =>
    api.send('POST', '/api/ingest/sensor_data', [
      { time: new Date().toISOString(), sensor_id: sensor, temperature: 21 },
    ]);
  const call = (name: string) => withClient(api.url, (db) => db.query(`SELECT public.${name}()`));

  it('is told by every answer, and no row gets lost', async () => {
    // These make connections, which keep the mode that they began with.
    expect((await ingest('before')).json()).toMatchObject({ accepted: 1 });
    expect((await api.get('/health/ready')).statusCode).toBe(200);
    await call('timescaledb_pre_restore');

    const problem = { type: 'urn:tsdb:problem:database-restoring', status: 503 };
    const writes = [
      ...Array.from({ length: 10 }, (_, at) => ingest(`during${at}`)),
      api.send('PUT', '/api/thresholds/sensor_data/a/temperature', { maximum: 30 }),
      api.send('POST', '/api/keys', { name: 'me', role: 'read' }),
    ];
    for (const answer of await Promise.all(writes)) expect(answer.json()).toMatchObject(problem);
    expect((await api.get('/api/operations/drift')).json()).toMatchObject(problem);

    const ready = await waitFor('readiness', async () => {
      const answer = await api.get('/health/ready');
      return answer.statusCode === 503 && answer;
    });
    expect(ready.json()).toMatchObject({
      reason: 'database-restoring',
      detail: expect.stringMatching(
        /is in restoring mode .* run "SELECT timescaledb_post_restore\(\)" in it$/,
      ),
    });
    expect((await api.get('/health/ready/reads')).json()).toMatchObject({ reason: 'database-restoring' });
    expect((await api.get('/metrics')).body).toContain(
      'tsdb_database_trouble{problem="database-restoring"} 1\n',
    );

    const late = startBeside(api, {});
    for (const path of ['/api/sensors', '/api/series/sensor_data?field=temperature'])
      expect((await late.get(path)).json()).toMatchObject(problem);
    expect((await late.get('/health/ready')).json()).toMatchObject({ reason: 'database-restoring' });
    await late.stop();

    await call('timescaledb_post_restore');
    expect((await ingest('after')).json()).toMatchObject({ accepted: 1 });
    expect((await api.get('/api/sensors')).json().sensors).toHaveLength(2);
    await waitFor('readiness', async () => (await api.get('/health/ready')).statusCode === 200);
    expect(await select(api.url, COUNT)).toEqual([{ rows: 2 }]);
  });
});

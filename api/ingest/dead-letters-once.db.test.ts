// One letter for each rejected row, however often its client sends it, and not for ever.
import { testServers } from '../../db/local/test-servers';
import { startBeside } from '../testing/api-under-test';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { forgetOldLetters } from './store/dead-letters';
import { at, json, startIngest } from './testing/ingest-under-test';

describe.each(testServers())('dead letters that come again on $describe', (server) => {
  const api = forSuite(() => startIngest(server));
  const bad = (n: number) => ({ time: at(-n * 1_000), sensor_id: 'x', temperature: 'warm' });
  const letters = async () =>
    (
      await api.pool.query(
        'SELECT line, original, times, last_received_at IS NOT NULL AS again, request_id FROM service.dead_letter ORDER BY line, original',
      )
    ).rows;
  const ndjson = { 'content-type': 'application/x-ndjson' };
  const lines = { 'content-type': 'text/plain' };

  beforeEach(() => runSql(api.url, 'DELETE FROM service.dead_letter'));

  it('stay one letter each, in every format, and count how often they came', async () => {
    const body = json([bad(1), bad(2)]);
    const first = await api.post(body);
    const second = await api.post(body);
    expect([first.statusCode, second.statusCode]).toEqual([422, 422]);
    expect(await letters()).toMatchObject([
      { line: 1, times: 2, again: true, request_id: second.headers['x-request-id'] },
      { line: 2, times: 2, again: true },
    ]);
    // Sent with others, so on another line; the same row as NDJSON is another original.
    await api.post(json([{ ...bad(3), temperature: 3 }, bad(1)]));
    for (let n = 0; n < 3; n += 1) await api.post(json(bad(1)), ndjson);
    const line = `sensor_data,sensor_id=x temperature="warm" ${BigInt(Date.parse(at(-9_000))) * 1_000_000n}`;
    for (let n = 0; n < 3; n += 1) await api.post(line, lines);
    expect((await letters()).map(({ times }) => times).sort()).toEqual([2, 3, 3, 3]);
    const listed = (await api.get('/api/dead-letters')).json().data;
    expect(listed.map(({ times }: { times: number }) => times).sort()).toEqual([2, 3, 3, 3]);
  });

  it('tell two equal rows of one body apart, and keep every row without a time', async () => {
    const twice = json([bad(1), bad(1)]);
    await api.post(twice);
    await api.post(twice);
    expect((await letters()).map(({ times }) => times)).toEqual([2, 2]);
    await runSql(api.url, 'DELETE FROM service.dead_letter');
    // Clients of QuestDB mark times with their unit.
    const marked = `sensor_data,sensor_id=x temperature="warm" ${Date.parse(at(-9_000))}000t`;
    for (let n = 0; n < 2; n += 1) await api.post(marked, lines);
    expect((await letters()).map(({ times }) => times)).toEqual([2]);
    await runSql(api.url, 'DELETE FROM service.dead_letter');
    // Each of these may be a reading of its own.
    for (let n = 0; n < 2; n += 1) await api.post('sensor_data,sensor_id=x temperature="warm"', lines);
    expect((await letters()).map(({ times }) => times)).toEqual([1, 1]);
  });

  it('come back as new ones after they were replayed or deleted', async () => {
    await api.post(json([bad(1)]));
    const [{ id }] = (await api.get('/api/dead-letters')).json().data;
    await api.send('DELETE', `/api/dead-letters/${id}`);
    await api.post(json([bad(1)]));
    expect((await letters()).map(({ times }) => times)).toEqual([1]);
  });

  it('are deleted when they came last before so many days, and are counted in /metrics', async () => {
    await api.post(json([bad(1), bad(2), bad(3)]));
    await api.post(json([bad(3)]));
    await api.post('nobody,host=a value=1 1', lines, 'sensor_data');
    expect((await api.get('/metrics')).body).toMatch(/tsdb_dead_letters\{table="sensor_data"\} 4\n/);
    await runSql(
      api.url,
      `UPDATE service.dead_letter SET received_at = now() - interval '90 days 1 hour' WHERE line > 1 OR times > 1`,
    );
    expect(await forgetOldLetters(api.database.writer, 90)).toBe(1);
    // The third one came again a moment ago.
    expect((await letters()).map(({ times }) => times).sort()).toEqual([1, 1, 2]);
  });

  it('never go without set service', async () => {
    const without = startBeside(api, { env: { TSDB_SCHEMAS: 'iot' } });
    try {
      expect((await without.get('/metrics')).body).not.toContain('tsdb_dead_letters');
      // An answer never promises letters that nobody keeps.
      const said = async (to: typeof api | typeof without) =>
        (await to.send('POST', '/write', 'nobody value=1', lines)).json().error;
      expect(await said(without)).toContain('None is stored; those that were refused are not kept');
      expect(await said(api)).toContain('None is stored; /api/dead-letters has those that were refused');
    } finally {
      await without.stop();
    }
  });
});

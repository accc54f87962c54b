// Refused rows: listed, replayed after the cause is gone, discarded.
import { testServers } from '../../db/local/test-servers';
import { startApi } from '../testing/api-under-test';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';

interface Letter {
  readonly id: string;
  readonly line: number;
  readonly reason: string;
  readonly original: string;
  readonly table: string;
}

describe.each(testServers())('dead letters on $describe', (server) => {
  const api = forSuite(() => startApi(server, { env: { TSDB_SCHEMAS: 'iot,monitoring,service' } }));
  const time = new Date(Date.now() - 3_600_000).toISOString();
  const HOT = 'monitoring.sensor_data';

  beforeAll(async () => {
    await runSql(api.url, `ALTER TABLE ${HOT} ADD CONSTRAINT sane CHECK (temperature < 1000)`);
  });
  beforeEach(() => runSql(api.url, 'DELETE FROM service.dead_letter'));

  const hot = (ids: readonly number[]) =>
    api.send(
      'POST',
      `/api/ingest/${HOT}`,
      ids.map((sensor_id) => ({ time, sensor_id, temperature: 5_000 })),
    );
  const letters = async (query = ''): Promise<Letter[]> =>
    (await api.get(`/api/dead-letters${query}`)).json().data;
  const replay = (body: object) => api.send('POST', '/api/dead-letters/replay', body);
  const stored = async (sensor: number): Promise<number> =>
    (await api.pool.query(`SELECT count(*)::int AS n FROM ${HOT} WHERE sensor_id = $1`, [sensor])).rows[0].n;
  const allowHot = async (work: () => Promise<void>): Promise<void> => {
    await runSql(api.url, `ALTER TABLE ${HOT} DROP CONSTRAINT sane`);
    await work();
    await runSql(api.url, `DELETE FROM ${HOT}`);
    await runSql(api.url, `ALTER TABLE ${HOT} ADD CONSTRAINT sane CHECK (temperature < 1000)`);
  };

  it('lists them newest first, by table and in pages', async () => {
    await hot([1, 2, 3]);
    await api.send('POST', '/api/ingest/sensor_data', [{ nope: 1 }, { nope: 2 }]);
    expect((await letters()).map(({ table, line }) => [table, line])).toEqual([
      ['sensor_data', 1],
      ['sensor_data', 2],
      [HOT, 1],
      [HOT, 2],
      [HOT, 3],
    ]);
    const seen: string[] = [];
    let address: string | undefined = `/api/dead-letters?table=${HOT}&limit=2`;
    while (address !== undefined) {
      const answer = await api.get(address);
      const { data, next, count } = answer.json();
      expect(count).toBe(data.length);
      seen.push(...data.map(({ original }: Letter) => JSON.parse(original).sensor_id));
      address = next === null ? undefined : /<([^>]+)>/.exec(String(answer.headers.link))?.[1];
    }
    expect(seen).toEqual([1, 2, 3]);
    expect((await api.get('/api/dead-letters?limit=0')).statusCode).toBe(400);
    expect((await api.get('/api/dead-letters?cursor=x')).json().type).toBe('urn:tsdb:problem:bad-cursor');
  });

  it('shows every letter once although those of the page before are gone', async () => {
    await hot([1, 2, 3, 4, 5]);
    const first = (await api.get('/api/dead-letters?limit=2')).json();
    for (const { id } of first.data) await api.send('DELETE', `/api/dead-letters/${id}`);
    const second = (await api.get(`/api/dead-letters?limit=2&cursor=${first.next}`)).json();
    const third = (await api.get(`/api/dead-letters?limit=2&cursor=${second.next}`)).json();
    const lines = [first, second, third].flatMap(({ data }) => data.map(({ line }: Letter) => line));
    expect([lines, third.next]).toEqual([[1, 2, 3, 4, 5], null]);
  });

  it('does not replay a number that it could not keep', async () => {
    const body = `{"time":"${time}","sensor_id":"kept","temperature":1e400}`;
    const headers = { 'content-type': 'application/json' };
    expect((await api.send('POST', '/api/ingest/sensor_data', body, headers)).statusCode).toBe(422);
    const answer = (await replay({ table: 'sensor_data' })).json();
    expect(answer).toMatchObject({ replayed: 0, failed: 1 });
    expect((await api.get('/api/sensors/kept/raw')).statusCode).toBe(404);
  });

  it('keeps no more than the beginning of a huge original', async () => {
    await api.send('POST', '/api/ingest/sensor_data', [{ nope: 'x'.repeat(200_000) }]);
    const { rows } = await api.pool.query(
      'SELECT length(original) AS length, format FROM service.dead_letter',
    );
    expect(rows).toEqual([{ length: 65_536, format: 'damaged' }]);
  });

  it('gives its place back when the database cannot be asked', async () => {
    const slots = 5 * (api.database.writer.options.max ?? 0);
    const engine = jest.spyOn(api.database, 'engine').mockRejectedValue(new Error('away'));
    for (let n = 0; n <= slots; n += 1) expect((await replay({ table: 'sensor_data' })).statusCode).toBe(500);
    engine.mockRestore();
    expect((await replay({ table: 'sensor_data' })).statusCode).toBe(200);
  });

  it('replays those that succeed now and keeps the others', async () => {
    await hot([11, 12]);
    await api.send('POST', `/api/ingest/${HOT}`, [{ time, sensor_id: 'never' }]);
    const all = await letters();
    expect((await replay({ table: HOT })).json()).toMatchObject({ replayed: 0, failed: 3 });
    await allowHot(async () => {
      const answer = (await replay({ ids: all.map(({ id }) => id) })).json();
      expect(answer).toEqual({
        replayed: 2,
        failed: 1,
        errors: [
          { id: all[0]?.id, table: HOT, reason: expect.stringContaining('sensor_id must be a whole number') },
        ],
      });
      expect([await stored(11), await stored(12)]).toEqual([1, 1]);
      expect((await letters()).map(({ id }) => id)).toEqual([all[0]?.id]);
    });
  });

  it('replays a letter once, also when two replays come at once', async () => {
    await hot([21]);
    const ids = (await letters()).map(({ id }) => id);
    await allowHot(async () => {
      const answers = await Promise.all(
        [1, 2, 3, 4].map(async () => (await replay({ ids })).json().replayed),
      );
      expect(answers.sort()).toEqual([0, 0, 0, 1]);
      expect(await stored(21)).toBe(1);
    });
  });

  it('replays lines in their precision, at the time that they were received', async () => {
    const lines = `sensor_data,sensor_id=31 temperature=5000\nsensor_data,sensor_id=32 temperature=5000 ${Date.parse(time)}`;
    await api.send('POST', `/api/ingest/${HOT}?precision=ms`, lines, { 'content-type': 'text/plain' });
    await runSql(api.url, `UPDATE service.dead_letter SET received_at = received_at - interval '1 hour'`);
    await allowHot(async () => {
      expect((await replay({ table: HOT })).json()).toEqual({ replayed: 2, failed: 0, errors: [] });
      const { rows } = await api.pool.query(`SELECT time FROM ${HOT} ORDER BY sensor_id`);
      expect(Math.abs(Date.parse(rows[0].time) - (Date.now() - 3_600_000))).toBeLessThan(60_000);
      expect(Date.parse(rows[1].time)).toBe(Date.parse(time));
    });
  });

  it('raises the alerts of replayed rows', async () => {
    await hot([41]);
    await api.send('PUT', `/api/thresholds/${HOT}/41/temperature`, { maximum: 100 });
    await allowHot(async () => {
      await replay({ table: HOT });
      const { data } = (await api.get(`/api/alerts?table=${HOT}&sensor_id=41`)).json();
      expect(data).toMatchObject([{ alert_type: 'temperature_high', value: 5000 }]);
    });
  });

  it('says which ids there are not, and refuses other bodies', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    expect((await replay({ ids: [id] })).json()).toEqual({
      replayed: 0,
      failed: 1,
      errors: [{ id, table: null, reason: 'there is no such dead letter' }],
    });
    for (const body of [{}, { ids: [] }, { ids: ['x'] }, { ids: [id], table: HOT }, { all: true }])
      expect((await replay(body)).statusCode).toBe(400);
  });

  it('does not replay what could not be kept exactly, nor for tables that are gone', async () => {
    await api.send('POST', `/api/ingest/${HOT}`, 'sensor_data,sensor_id=51 location="a\0b"', {
      'content-type': 'text/plain',
    });
    await runSql(
      api.url,
      `INSERT INTO service.dead_letter VALUES (gen_random_uuid(), now(), 'gone', 'json', 1, 'x', '{}', 'r')`,
    );
    const ids = (await letters()).map(({ id }) => id);
    const { replayed, errors } = (await replay({ ids })).json();
    expect(replayed).toBe(0);
    expect(errors.map(({ reason }: Letter) => reason).sort()).toEqual([
      expect.stringContaining('the original could not be kept exactly'),
      expect.stringContaining('the table is no longer declared'),
    ]);
  });

  it('discards a letter', async () => {
    await hot([61]);
    const [letter] = await letters();
    const discarded = await api.send('DELETE', `/api/dead-letters/${letter?.id}`);
    expect([discarded.statusCode, discarded.body]).toEqual([204, '']);
    expect(await letters()).toEqual([]);
    expect((await api.send('DELETE', `/api/dead-letters/${letter?.id}`)).json()).toMatchObject({
      type: 'urn:tsdb:problem:unknown-object',
    });
    expect((await api.send('DELETE', '/api/dead-letters/7')).statusCode).toBe(400);
  });
});

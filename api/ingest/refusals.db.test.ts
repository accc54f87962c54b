// Rows at the edge of what a table takes, and rows that only the server can refuse.
import { testServers } from '../../db/local/test-servers';
import { startApi } from '../testing/api-under-test';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { at, json, now, startIngest } from './testing/ingest-under-test';

const HOUR = 3_600_000;

describe.each(testServers())('difficult rows on $describe', (server) => {
  const api = forSuite(() => startIngest(server));

  it('refuses what the server would refuse: NUL, half characters, huge numbers, columns by hostile names', async () => {
    const rows = [
      '{"sensor_id":"a\\u0000"}',
      '{"sensor_id":"\\ud83d"}',
      '{"temperature":1e400}',
      '{"humidity":"5"}',
      '{"a\\"; DROP TABLE sensor_data; --":1}',
      '{"__proto__":1}',
      `{"sensor_id":"${'x'.repeat(51)}"}`,
    ].map((row) => row.replace('{', `{"time":"${at(0)}",`));
    rows[2] = rows[2]?.replace('{', '{"sensor_id":"a",') ?? '';
    const body = [...rows, `{"time":"${at(0)}","sensor_id":"hostile","temperature":1e140}`, '\0'];
    const answer = await api.post(body.join('\n'), { 'content-type': 'application/x-ndjson' });
    expect(answer.json()).toMatchObject({ accepted: 1, rejected: 8 });
    expect(await api.rowsOf('hostile')).toMatchObject([{ temperature: 1e140 }]);
    const letters = await api.lettersOf(answer);
    expect(letters.map(({ format }) => format)).toEqual([...Array(7).fill('ndjson'), 'damaged']);
  });

  it('refuses a body of which nearly everything is wrong as a whole, and keeps none of it', async () => {
    const body = `[${'1,'.repeat(20_000)}{"time":"${at(0)}","sensor_id":"among"}]`;
    const answer = await api.post(body);
    expect(answer.json()).toMatchObject({ status: 400, type: 'urn:tsdb:problem:bad-body' });
    expect(answer.json().detail).toContain(
      'More than 10000 rows of this body are invalid, the first one in line 1',
    );
    expect([await api.rowsOf('among'), await api.lettersOf(answer)]).toEqual([[], []]);
  });

  it('takes rows of far chunks, and refuses rows that no one can mean', async () => {
    const far = [-9 * 365 * 24 * HOUR, 9 * 365 * 24 * HOUR].map((offset) => ({
      time: at(offset),
      sensor_id: 'far',
    }));
    const chunks = `SELECT count(*) FROM tsdb.chunk WHERE schema_name = 'public' AND table_name = 'sensor_data'`;
    const before = server.engine !== 'timescaledb' ? await api.count(chunks) : 0;
    const answer = await api.post(json([...far, { time: '0999-01-01', sensor_id: 'far' }]));
    expect(answer.json()).toMatchObject({ accepted: 2, rejected: 1 });
    expect(await api.rowsOf('far')).toHaveLength(2);
    if (server.engine === 'timescaledb') return;
    expect(await api.count('SELECT count(*) FROM ONLY tsdb.public_sensor_data_default')).toBe(0);
    expect(await api.count(chunks)).toBe(before + 2);
  });

  it('takes rows of as many chunks as it allows, and no more', async () => {
    const rows = Array.from({ length: 450 }, (_, hour) => ({
      time: at(-hour * HOUR - 500 * 24 * HOUR),
      host: 'many chunks',
      metric_name: 'm',
    }));
    const answer = (await api.post(json(rows), {}, 'monitoring.app_metrics')).json();
    // Rows lie in the middle of an hour: each in a half chunk of its own, of which 800 are allowed.
    expect(answer).toMatchObject({ accepted: 450, rejected: 0 });
    const halves = [
      ...rows,
      ...rows.map((row) => ({ ...row, time: at(Date.parse(row.time) - now - HOUR / 2) })),
    ];
    const more = (await api.post(json(halves), {}, 'monitoring.app_metrics')).json();
    expect(more).toMatchObject({ accepted: 800, rejected: 100 });
    await runSql(api.url, 'DELETE FROM monitoring.app_metrics');
  });

  it('gives absent columns their default beside rows that have them', async () => {
    const row = { time: at(0), host: 'h', metric_name: 'm', value: 1 };
    const body = json([row, { ...row, tags: { a: 1 } }, { ...row, tags: null }]);
    expect((await api.post(body, {}, 'monitoring.app_metrics')).json()).toMatchObject({ accepted: 3 });
    const { rows } = await api.pool.query('SELECT tags FROM monitoring.app_metrics');
    expect(rows.map(({ tags }) => JSON.stringify(tags)).sort()).toEqual(['null', '{"a":1}', '{}']);
  });

  it('takes out rows that only the server can refuse, and gives up on too many', async () => {
    await runSql(
      api.url,
      'ALTER TABLE monitoring.sensor_data ADD CONSTRAINT sane CHECK (temperature < 1000)',
    );
    const rows = (bad: number) =>
      Array.from({ length: 300 }, (_, id) => ({
        time: at(id),
        sensor_id: id,
        temperature: id < bad ? 5_000 : 20,
      }));
    const some = await api.post(json(rows(3)), {}, 'monitoring.sensor_data');
    expect(some.json()).toMatchObject({
      accepted: 297,
      rejected: 3,
      errors: [1, 2, 3].map((line) => ({
        line,
        reason: expect.stringContaining('violates check constraint "sane"'),
      })),
    });
    const before = await api.count('SELECT count(*) FROM service.dead_letter');
    const many = await api.post(json(rows(150)), { 'idempotency-key': 'many' }, 'monitoring.sensor_data');
    expect(many.json()).toMatchObject({ type: 'urn:tsdb:problem:rows-rejected', accepted: 0, rejected: 300 });
    expect(await api.count('SELECT count(*) FROM monitoring.sensor_data')).toBe(297);
    expect(await api.count('SELECT count(*) FROM service.dead_letter')).toBe(before);
    const again = await api.post(json(rows(0)), { 'idempotency-key': 'many' }, 'monitoring.sensor_data');
    expect(again.json()).toMatchObject({ accepted: 300 });
  });

  it('refuses a text that is too long for its index', async () => {
    const location = Array.from({ length: 9_000 }, (_, at) =>
      String.fromCodePoint(0x4e00 + ((at * 7_919) % 20_000)),
    ).join('');
    const rows = [
      { time: at(0), sensor_id: 900, location },
      { time: at(0), sensor_id: 900, location: 'short' },
    ];
    expect((await api.post(json(rows), {}, 'monitoring.sensor_data')).json()).toMatchObject({
      accepted: 1,
      errors: [{ line: 1, reason: expect.stringContaining('index row') }],
    });
  });
});

describe.each(testServers())('as a role that may only write on $describe', (server) => {
  const env = {
    TSDB_SCHEMAS: 'iot,service,access',
    TSDB_READ_ROLE: 'tsdb_reader',
    TSDB_WRITE_ROLE: 'tsdb_api',
  };
  const api = forSuite(() => startApi(server, { env }));

  it('stores rows, alerts, keys and dead letters', async () => {
    const rows = [
      { time: new Date(Date.now() - 300 * 24 * HOUR).toISOString(), sensor_id: 'w', temperature: 50 },
      {},
    ];
    const put = await api.send('PUT', '/api/thresholds/sensor_data/w/temperature', { maximum: 40 });
    expect(put.statusCode).toBe(200);
    const send = () => api.send('POST', '/api/ingest/sensor_data', rows, { 'idempotency-key': 'role' });
    expect((await send()).json()).toMatchObject({ accepted: 1, rejected: 1, alerts: 1 });
    expect((await send()).json()).toMatchObject({ accepted: 1, rejected: 1, alerts: 1 });
    expect((await api.get('/api/alerts?period=1y')).json().count).toBe(1);
    const { data } = (await api.get('/api/dead-letters')).json();
    expect(data).toHaveLength(1);
    expect((await api.send('POST', '/api/dead-letters/replay', { table: 'sensor_data' })).json().failed).toBe(
      1,
    );
    expect((await api.send('DELETE', `/api/dead-letters/${data[0].id}`)).statusCode).toBe(204);
    await expect(api.database.writer.query('DELETE FROM sensor_data')).rejects.toMatchObject({
      code: '42501',
    });
  });
});

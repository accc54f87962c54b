// Writes on real servers: what arrives, and what is refused and why.
import { gzipSync } from 'node:zlib';
import { testServers } from '../../db/local/test-servers';
import { forSuite } from '../testing/for-suite';
import { at, json, now, startIngest } from './testing/ingest-under-test';

const DAY = 86_400_000;

describe.each(testServers())('POST /api/ingest/:table on $describe', (server) => {
  const api = forSuite(() => startIngest(server));

  it('takes one object, an array, NDJSON and line protocol, and keeps microseconds', async () => {
    // Before every refresh window, and not so old that retention would be about to drop it.
    const day = at(-20 * DAY).slice(0, 10);
    const row = {
      time: `${day}T02:30:00.123456+02:00`,
      sensor_id: 'f1',
      temperature: 21.5,
      humidity: null,
    };
    const time = `${day}T00:30:00.123456Z`;
    const micros = BigInt(Date.parse(`${day}T00:30:00Z`)) * 1_000n + 123_456n;
    const line = `sensor_data,sensor_id=f4 temperature=21.5 ${micros * 1_000n}\n`;
    const answers = [
      await api.post(json(row)),
      await api.post(json([{ ...row, sensor_id: 'f2' }])),
      await api.post(`${json({ ...row, sensor_id: 'f3' })}\n\n`, { 'content-type': 'application/x-ndjson' }),
      await api.post(line, { 'content-type': 'text/plain; charset=utf-8' }),
      await api.post(line.replace('f4', 'f5').replace(String(micros * 1_000n), String(micros)), {
        'content-type': 'application/x-influx-line-protocol',
      }),
    ];
    expect(answers.slice(0, 4).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
    expect(answers[0]?.json()).toEqual({
      table: 'sensor_data',
      accepted: 1,
      unchanged: 0,
      rejected: 0,
      errors: [],
      alerts: 0,
      late: {
        rows: 1,
        from: time,
        to: time,
        way_out: expect.stringContaining(`npm run tsdb -- refresh --from ${time}`),
      },
    });
    for (const sensor of ['f1', 'f2', 'f3', 'f4'])
      expect(await api.rowsOf(sensor)).toEqual([{ time, temperature: 21.5, humidity: null, pressure: null }]);
    // Microseconds that were sent as nanoseconds are of 1970: refused, not stored fifty years ago.
    expect(answers[4]?.json()).toMatchObject({ status: 422, rejected: 1 });
  });

  it('unpacks gzip', async () => {
    const body = gzipSync(json({ time: at(0), sensor_id: 'gz', temperature: 1 }));
    expect((await api.post(body, { 'content-encoding': 'gzip' })).json()).toMatchObject({ accepted: 1 });
    expect(await api.rowsOf('gz')).toHaveLength(1);
  });

  it('reads the precision and uses the time of receipt', async () => {
    const seconds = Math.floor(now / 1_000);
    const body = `sensor_data,sensor_id=lp1 temperature=1 ${seconds}\nsensor_data,sensor_id=lp2 temperature=2`;
    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/ingest/sensor_data?precision=s',
      payload: body,
      headers: { 'content-type': 'text/plain' },
    });
    expect(answer.json()).toMatchObject({ accepted: 2 });
    expect(Date.parse((await api.rowsOf('lp1'))[0]?.time ?? '')).toBe(seconds * 1_000);
    const received = Date.parse((await api.rowsOf('lp2'))[0]?.time ?? '');
    expect(Math.abs(received - Date.now())).toBeLessThan(60_000);
  });

  it('judges each row by itself: 207 with line, reason and original, which are kept', async () => {
    const lines = [
      json({ time: at(0), sensor_id: 'part', temperature: 1 }),
      'no json',
      json({ time: 'soon', sensor_id: 'part' }),
      json({ time: at(0), sensor_id: 'part', nope: 1 }),
    ];
    const answer = await api.post(lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    expect(answer.statusCode).toBe(207);
    expect(answer.json()).toMatchObject({
      accepted: 1,
      rejected: 3,
      errors: [
        { line: 2, reason: expect.stringContaining('not JSON'), original: 'no json' },
        { line: 3, reason: expect.stringContaining('time must be a time'), original: lines[2] },
        { line: 4, reason: expect.stringContaining('there is no column "nope"'), original: lines[3] },
      ],
    });
    expect(await api.rowsOf('part')).toHaveLength(1);
    const letters = await api.lettersOf(answer);
    expect(
      letters.map(({ line, original, format, table_name }) => [line, original, format, table_name]),
    ).toEqual([2, 3, 4].map((line) => [line, lines[line - 1], 'ndjson', 'sensor_data']));
  });

  it('answers 422 with the same members when no row can be taken', async () => {
    const answer = await api.post(json([{ sensor_id: 'x' }, 7]));
    expect(answer.statusCode).toBe(422);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({
      type: 'urn:tsdb:problem:rows-rejected',
      table: 'sensor_data',
      accepted: 0,
      rejected: 2,
      alerts: 0,
      errors: [
        { line: 1, reason: 'time is missing', original: '{"sensor_id":"x"}' },
        { line: 2, original: '7' },
      ],
    });
  });

  it('takes a body without rows', async () => {
    expect((await api.post('[]')).json()).toMatchObject({ accepted: 0, rejected: 0 });
    expect((await api.post('# nothing\n', { 'content-type': 'text/plain' })).statusCode).toBe(200);
  });

  it('lists at most 100 of the refused rows, and keeps all', async () => {
    const answer = await api.post(json(Array.from({ length: 150 }, () => ({}))));
    expect(answer.json()).toMatchObject({ rejected: 150 });
    expect(answer.json().errors).toHaveLength(100);
    expect(await api.lettersOf(answer)).toHaveLength(150);
  });

  it.each<[string, string, string | Buffer, Record<string, string>, number]>([
    ['no JSON', 'bad-body', '{"time":', {}, 400],
    ['JSON that is no row', 'bad-body', '7', {}, 400],
    ['an empty body', 'bad-body', '', {}, 400],
    [
      'bytes that are no UTF-8',
      'bad-body',
      Buffer.from([0x7b, 0xff]),
      { 'content-type': 'application/x-ndjson' },
      400,
    ],
    ['what is no gzip', 'bad-body', 'plain', { 'content-encoding': 'gzip' }, 400],
    ['half a gzip', 'bad-body', gzipSync('[]').subarray(0, 12), { 'content-encoding': 'gzip' }, 400],
    ['an unknown encoding', 'unknown-media-type', '[]', { 'content-encoding': 'br' }, 415],
    [
      'an unknown media type',
      'unknown-media-type',
      'a,b',
      { 'content-type': 'text/tab-separated-values' },
      415,
    ],
    ['a large body', 'body-too-large', `[${' '.repeat(200_000)}]`, {}, 413],
    ['a gzip bomb', 'body-too-large', gzipSync(Buffer.alloc(1_000_000)), { 'content-encoding': 'gzip' }, 413],
    ['an empty key', 'invalid-request', '[]', { 'idempotency-key': '' }, 400],
    ['a long key', 'invalid-request', '[]', { 'idempotency-key': 'k'.repeat(256) }, 400],
    ['a key that is not printable', 'invalid-request', '[]', { 'idempotency-key': 'ü' }, 400],
  ])('refuses %s with %s', async (_what, problem, body, headers, status) => {
    const answer = await api.post(body, headers);
    expect(answer.json()).toMatchObject({ type: `urn:tsdb:problem:${problem}`, status });
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  it('refuses unknown tables, aggregates, parameters and methods', async () => {
    const names = ['nope', 'sensor_data_hourly', 'service.dead_letter', 'sensor_data%3B', '__proto__'];
    for (const name of names) {
      const answer = await api.post('[]', {}, name);
      expect([name, answer.json().type]).toEqual([name, 'urn:tsdb:problem:unknown-table']);
    }
    expect((await api.post('[]', {}, 'sensor_data?precision=h')).statusCode).toBe(400);
    expect((await api.post('[]', {}, 'sensor_data?unit=s')).statusCode).toBe(400);
    const get = await api.get('/api/ingest/sensor_data');
    expect([get.statusCode, get.headers.allow]).toEqual([405, 'POST']);
  });
});

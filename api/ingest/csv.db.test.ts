// CSV, NDJSON under its other name, and zstd, as curl and spreadsheets send them.
import { testServers } from '../../db/local/test-servers';
import { forSuite } from '../testing/for-suite';
import { at, startIngest } from './testing/ingest-under-test';

/** Made by the zstd command, because Node 20 cannot compress with zstd: "time,sensor_id", and a row of 2020. */
const PACKED = 'KLUv/QRY6QAAdGltZSxzZW5zb3JfaWQKMjAyMC0wMS0wMSxjOAqo7kgx';

describe.each(testServers())('CSV bodies on $describe', (server) => {
  const api = forSuite(() => startIngest(server));
  const csv = (body: string | Buffer, query = '', headers: Readonly<Record<string, string>> = {}) =>
    api.post(body, { 'content-type': 'text/csv', ...headers }, `sensor_data${query}`);
  const [t1, t2, t3] = [at(-3_000), at(-2_000), at(-1_000)];

  it('takes the columns that the header names, in any case and order', async () => {
    const answer = await csv(
      `Temperature,SENSOR_ID,time\r\n21.5,c1,${t1}\r\n,c1,${t2}\r\n\r\n"22",c1,"${t3}"\r\n`,
    );
    expect([answer.statusCode, answer.json()]).toMatchObject([200, { accepted: 3 }]);
    expect((await api.rowsOf('c1')).map(({ temperature }) => temperature)).toEqual([21.5, null, 22]);
  });

  it('takes semicolons with decimal commas, tabs, and bodies without a header', async () => {
    await csv(
      `time;sensor_id;temperature\n${t1};c2;21,5\n${t2};c2;-0,25\n${t3};c2;3\n`,
      '?delimiter=%3B&decimal=%2C',
    );
    expect((await api.rowsOf('c2')).map(({ temperature }) => temperature)).toEqual([21.5, -0.25, 3]);
    await csv(`${t1}\tc3\t1\n`, '?delimiter=%09&columns=time,sensor_id,temperature');
    expect(await api.rowsOf('c3')).toHaveLength(1);
  });

  it('takes times that are numbers, in the unit of precision', async () => {
    await csv(`time,sensor_id\n${Date.parse(t1)},c4\n`, '?precision=ms');
    expect((await api.rowsOf('c4')).map(({ time }) => time)).toEqual([t1.replace(/\.?0+Z/, 'Z')]);
  });

  it('says which record is wrong, keeps it, and stores the others', async () => {
    const answer = await csv(
      `time,sensor_id,temperature\n${t1},c5,warm\n${t2},c5,"a\nb"\n${t3},c5,1,2\n${t1},"c5",7\n09.10.2026,c5,1\n`,
    );
    expect([answer.statusCode, answer.json()]).toMatchObject([207, { accepted: 1, rejected: 4 }]);
    expect(answer.json().errors.map(({ line }: { line: number }) => line)).toEqual([2, 3, 5, 7]);
    expect(answer.json().errors[2].reason).toBe('the record has 4 fields, and the header has 3');
    expect(await api.lettersOf(answer)).toHaveLength(4);
    const grouped = await csv(`time;sensor_id;temperature\n${t1};c5;1.234\n`, '?delimiter=%3B&decimal=%2C');
    expect(grouped.json().errors[0].reason).toContain(
      'temperature is "1.234", but numbers have a decimal comma',
    );
    // Not as a row: a replay would take 1.234 for the number, and 1234 was meant.
    expect(await api.lettersOf(grouped)).toMatchObject([{ original: JSON.stringify([t1, 'c5', '1.234']) }]);
  });

  it.each([
    ['an unknown column', 'time,sensor_id,warmth\n', 'has "warmth", and the columns are'],
    ['another delimiter', 'time;sensor_id\n', 'correct the delimiter'],
    ['a column twice', 'time,sensor_id,Sensor_ID\n', 'names sensor_id twice'],
    ['an open quote', `time,sensor_id\n${t1},"c6\n`, 'is not CSV'],
  ])('refuses %s and stores nothing', async (_name, body, detail) => {
    const answer = await csv(body);
    expect([answer.statusCode, answer.json()]).toMatchObject([
      400,
      { type: 'urn:tsdb:problem:bad-body', detail: expect.stringContaining(detail) },
    ]);
    expect(await api.rowsOf('c6')).toEqual([]);
  });

  it('says that a body with a header only has no rows', async () => {
    expect((await csv('time,sensor_id\n')).json()).toMatchObject({ accepted: 0, rejected: 0 });
  });

  it('takes JSON lines and zstd', async () => {
    const lines = `{"time":"${t1}","sensor_id":"c7"}\n{"time":"${t2}","sensor_id":"c7"}\n`;
    await api.post(lines, { 'content-type': 'application/jsonl' });
    expect(await api.rowsOf('c7')).toHaveLength(2);
    const packed = Buffer.from(PACKED, 'base64');
    expect((await csv(packed, '', { 'content-encoding': 'zstd' })).json()).toMatchObject({ accepted: 1 });
    expect(await api.rowsOf('c8')).toHaveLength(1);
  });
});

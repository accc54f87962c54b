// The times of a file are what the file says: other layouts are named, and no setting of the server changes how they are read.
import fc from 'fast-check';
import { canonicalTime } from '../../api/http/time';
import { date, float8, text, timestamptz } from '../../db/language/columns';
import { hypertable } from '../../db/language/hypertable';
import { schemaSet } from '../../db/language/schema-set';
import { testServers } from '../../db/local/test-servers';
import { certainTime, timeOf } from './read/certain-values';
import { timeReader } from './read/times';
import { Importing, utc } from './testing/importing';
import { plainOptions } from './testing/plain-options';

const readings = hypertable('readings', {
  columns: {
    time: timestamptz().notNull(),
    sensor: text(),
    installed: timestamptz(),
    day: date(),
    value: float8(),
  },
  time: 'time',
  chunkInterval: '30 days',
});
const NO_TIMES = [
  '09.10.2026 10:00:00',
  '10/11/2026',
  '2026/11/30',
  '20261130',
  '20261130T100000Z',
  '2026-W48-1',
  '2026-334',
  'Nov 30 2026',
  '2026-11-30 10:00 PM',
  '2026-11-30 10:00 CET',
  '2026-11-30T24:00:00Z',
  'now',
  'today',
  'yesterday',
  'tomorrow',
  'allballs',
  'epoch',
  'infinity',
  '-infinity',
  'J2461375',
  '1764496800',
];

describe.each(testServers().map((server) => [server.engine, server] as const))('times on %s', (_, server) => {
  const importing = new Importing(server, [schemaSet('readings', [readings])]);

  beforeAll(() => importing.begin());
  beforeEach(() => importing.select('TRUNCATE public.readings'));
  afterAll(() => importing.end());

  const stored = () =>
    importing.select(
      `SELECT ${utc('time')} AS time, ${utc('installed')} AS installed, day::text AS day FROM public.readings ORDER BY time`,
    );

  it('refuses what is no time of ISO 8601, in every column of times and dates', async () => {
    const rows = NO_TIMES.flatMap((no) => [
      `${no},,`,
      `2026-11-30T10:00:00Z,${no},`,
      `2026-11-30T10:00:00Z,,${no}`,
    ]);
    const file = importing.write(
      'no.csv',
      `time,installed,day\n${rows.join('\n')}\n2026-11-30T10:00:00Z,,\n`,
    );
    expect(await importing.run(file, readings, { maxRejects: 1_000 })).toMatchObject({
      rows: 1,
      rejected: rows.length,
    });
    const refused = importing.refused(file);
    expect(refused.map(({ original }) => original)).toEqual(rows);
    expect(refused.map(({ reason }) => reason).filter((reason) => !/of ISO 8601/.test(reason))).toEqual([]);
    const ndjson = NO_TIMES.map((no) => JSON.stringify({ time: '2026-11-30T10:00:00Z', installed: no }));
    const lines = importing.write('no.ndjson', ndjson.join('\n'));
    expect(await importing.run(lines, readings, { maxRejects: 1_000, dryRun: true })).toMatchObject({
      rejected: NO_TIMES.length,
    });
  });

  it('reads each column of times in the layout that is named for it', async () => {
    const file = importing.write(
      'layouts.csv',
      'time,installed,day\n09.10.2026 10:00,1764496800,30.11.2026\n13.10.2026 02:30,,\n',
    );
    await importing.run(file, readings, {
      timeFormat: 'DD.MM.YYYY HH:mm',
      timeFormats: { installed: 'unix', day: 'DD.MM.YYYY' },
      zone: 'Europe/Berlin',
    });
    expect(await stored()).toEqual([
      {
        time: '2026-10-09T08:00:00.000000Z',
        installed: '2025-11-30T10:00:00.000000Z',
        day: '2026-11-30',
      },
      { time: '2026-10-13T00:30:00.000000Z', installed: null, day: null },
    ]);
  });

  it('refuses local times that do not exist or exist twice, and takes the one that is named', async () => {
    const file = importing.write(
      'clocks.csv',
      'time\n2026-03-29 01:59:59\n2026-03-29 02:30:00\n2026-10-25T02:30:00\n2026-10-25T02:30:00+01:00\n',
    );
    await importing.run(file, readings, { zone: 'Europe/Berlin', maxRejects: 2 });
    expect(importing.refused(file).map(({ line, reason }) => [line, reason])).toEqual([
      [3, expect.stringMatching(/2026-03-29T02:30:00 does not exist in Europe\/Berlin/)],
      [4, expect.stringMatching(/2026-10-25T02:30:00 exists twice in Europe\/Berlin/)],
    ]);
    await importing.run(file, readings, { zone: 'Europe/Berlin', maxRejects: 1, repeatedTimes: 'earlier' });
    expect((await stored()).map((row) => (row as { time: string }).time)).toEqual([
      '2026-03-29T00:59:59.000000Z',
      '2026-03-29T00:59:59.000000Z',
      '2026-10-25T00:30:00.000000Z',
      '2026-10-25T01:30:00.000000Z',
      '2026-10-25T01:30:00.000000Z',
    ]);
  });

  it('reads the same whatever the database has set for dates and intervals', async () => {
    const file = importing.write(
      'set.csv',
      'time,installed,day\n2026-02-03 04:05:06,2026-03-04 05:06:07,2026-04-05\n2026-02-03T04:05:06.1234567Z,,\n',
    );
    const { url } = importing.database;
    const name = new URL(url).pathname.slice(1);
    const shift = '-1 day 02:00:00';
    await importing.run(file, readings, { shift });
    const plain = await stored();
    for (const set of ["datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'", "timezone = 'Asia/Tokyo'"])
      await importing.select(`ALTER DATABASE "${name}" SET ${set}`);
    await importing.select('TRUNCATE public.readings');
    await importing.run(file, readings, { shift, again: true });
    expect(await stored()).toEqual(plain);
    expect(plain).toEqual([
      {
        time: '2026-02-02T06:05:06.000000Z',
        installed: '2026-03-04T05:06:07.000000Z',
        day: '2026-04-05',
      },
      { time: '2026-02-02T06:05:06.123456Z', installed: null, day: null },
    ]);
    for (const set of ['datestyle', 'intervalstyle', 'timezone'])
      await importing.select(`ALTER DATABASE "${name}" RESET ${set}`);
  });

  it('reads the texts that it leaves as they are as the server does', async () => {
    const two = (most: number) => fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, '0'));
    const written = fc
      .tuple(
        fc.integer({ min: 100, max: 9999 }).map((year) => String(year).padStart(4, '0')),
        two(13),
        two(32),
        fc.constantFrom('T', ' ', 't', '  '),
        two(24),
        two(60),
        fc.constantFrom('', ':00', ':59', ':60', ':30.5', ':30.123456', ':30.1234567', ':30,5'),
        fc.constantFrom('', 'Z', 'z', '+00', '+02:30', '-0830', ' +01', '+15:59', '+16'),
        fc.boolean(),
      )
      .map(
        ([y, mo, d, gap, h, mi, s, zone, isDate]) =>
          `${y}-${mo}-${d}${isDate ? '' : `${gap}${h}:${mi}${s}`}${zone}`,
      );
    const texts = [...new Set(fc.sample(written, 20_000))];
    const read = timeReader(plainOptions('x.csv', readings), {
      name: 'time',
      type: 'timestamp with time zone',
    });
    const taken = texts.flatMap((one) => {
      const time = read?.(one);
      return typeof time === 'string' ? [{ one, time }] : [];
    });
    expect(taken.length).toBeGreaterThan(1_000);
    const rows = await importing.select<{ at: string }>(
      `SELECT ${utc('t::timestamptz')} AS at FROM unnest(ARRAY[${taken.map(({ time }) => `'${time}'`).join(',')}]) WITH ORDINALITY x (t, n) ORDER BY n`,
    );
    const expected = taken.map(({ one }) => {
      const time = canonicalTime(one) ?? '';
      return `${time.slice(0, 19)}.${(/\.(\d+)Z$/.exec(time)?.[1] ?? '').padEnd(6, '0')}Z`;
    });
    expect(rows.map(({ at }) => at)).toEqual(expected);
    const certain = texts.flatMap((one) => {
      const micros = certainTime(Buffer.from(one), 0, one.length, true);
      return Number.isNaN(micros) ? [] : [{ one, at: timeOf(micros) }];
    });
    expect(certain.length).toBeGreaterThan(50);
    const byServer = await importing.select<{ at: string }>(
      `SELECT ${utc('t::timestamptz')} AS at FROM unnest(ARRAY[${certain.map(({ one }) => `'${one}'`).join(',')}]) WITH ORDINALITY x (t, n) ORDER BY n`,
    );
    expect(byServer.map(({ at }) => at)).toEqual(certain.map(({ at }) => at));
  });

  it.each(['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'])(
    'reads local times of %s as the server does, but for those that the clocks skipped or repeated',
    async (zone) => {
      const HOUR = 3_600_000;
      const hour = fc.integer({ min: Date.UTC(1980, 0, 1) / HOUR, max: Date.UTC(2035, 0, 1) / HOUR });
      const texts = fc
        .sample(fc.tuple(hour, fc.constantFrom(0, 29, 30, 59)), 5_000)
        .map(([at, minute]) => new Date(at * HOUR + minute * 60_000).toISOString().slice(0, 19));
      const read = timeReader(
        { ...plainOptions('x.csv', readings), zone },
        { name: 'time', type: 'timestamp with time zone' },
      );
      const taken = texts.flatMap((one) => {
        const time = read?.(one);
        return typeof time === 'string' ? [{ one, time }] : [];
      });
      // Two or three hours of a year are refused.
      expect(taken.length).toBeGreaterThan(4_950);
      const wrong = await importing.select(
        `SELECT local, ours FROM unnest(ARRAY[${taken.map(({ one }) => `'${one}'`).join(',')}], ARRAY[${taken.map(({ time }) => `'${time}'`).join(',')}]) x (local, ours)
          WHERE local::timestamp AT TIME ZONE '${zone}' <> ours::timestamptz`,
      );
      expect(wrong).toEqual([]);
    },
  );
});

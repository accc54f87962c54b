// Rows in binary format are stored as the same rows in text format, and never with the bytes of another type.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase, testServers } from '../../../db/local/test-servers';
import { sensorData } from '../../../db/schema/iot';
import { binaryTypeOf } from '../../../db/server/binary-values';
import { copyText, copyValue } from '../../../db/server/copy';
import { type Cell, copyBinary } from '../../../db/server/copy-binary';
import { converterOf } from '../../database/converters';
import { runSql } from '../../testing/fixture';
import { cellReaderOf, cellText } from '../read/cells';
import type * as ingestUnderTest from '../testing/ingest-under-test';
import { at, type IngestUnderTest, json, now } from '../testing/ingest-under-test';

const two = fc.integer({ min: 0, max: 61 }).map((n) => String(n).padStart(2, '0'));
const year = fc.integer({ min: 0, max: 9_999 }).map((n) => String(n).padStart(4, '0'));
const date = fc.tuple(year, two, two).map((parts) => parts.join('-'));
const decimal = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.bigInt({ min: 0n, max: 10n ** 30n }),
    fc.nat(40),
    fc.integer({ min: -30, max: 30 }),
  )
  .map(([sign, digits, point, exponent]) => {
    const text = String(digits).padStart(point + 1, '0');
    const fraction = point === 0 ? '' : `.${text.slice(-point)}`;
    return `${sign}${text.slice(0, text.length - point)}${fraction}${exponent === 0 ? '' : `e${exponent}`}`;
  });
const value = fc.oneof(
  fc.jsonValue(),
  fc.double(),
  fc.double({ min: -1e6, max: 1e6 }),
  fc.integer(),
  fc.integer({ min: -40_000, max: 40_000 }),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  decimal,
  fc.boolean(),
  fc.uuid(),
  fc.uuid().map((text) => text.toUpperCase()),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  date,
  fc
    .tuple(
      date,
      two,
      two,
      two,
      fc.constantFrom('Z', 'z', '+02:00', '-15:59', '', '.1Z', '.123456789Z', '.000000999Z'),
    )
    .map(([day, h, m, s, zone]) => `${day}T${h}:${m}:${s}${zone}`),
);

/** Values that are easy to get wrong, whatever their type. */
const DANGEROUS: readonly unknown[] = [
  ...[
    0,
    -0,
    1,
    -1,
    0.1,
    1e21,
    1e-7,
    1e140,
    -1e-290,
    2 ** 53,
    -(2 ** 53),
    2 ** 31 - 1,
    -(2 ** 31),
    32_767,
    -32_768,
  ],
  ...[
    '9223372036854775807',
    '-9223372036854775808',
    '-0',
    '0.0',
    '0.00001',
    '10000',
    '9999.9999',
    '1e5',
    '0e-20',
    '1.50',
  ],
  ...[
    '100000000',
    '0.000100000',
    '-12345678.90',
    '1E+2',
    '.5',
    '5.',
    '99999999999999999999.000000000000000001',
  ],
  ...[
    '',
    ' ',
    '\\N',
    '\\.',
    '\t',
    '\n',
    '\r\n',
    '\\',
    '"',
    'ü',
    '温度',
    '🌡',
    'a'.repeat(64),
    'ä'.repeat(65),
    '\u0001',
    '\u007f',
  ],
  ...['2000-01-01', '1999-12-31', '0100-01-01', '9999-12-31', '2024-02-29', '1970-01-01T00:00:00Z'],
  ...[
    '1969-12-31T23:59:59.999999Z',
    '0100-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999999Z',
    '1684-01-01T00:00:00.000001Z',
    '1700-01-01T00:00:00.000001Z',
  ],
  ...[
    '2026-11-20T23:59:60Z',
    '2255-06-05T23:47:34.740991Z',
    '2255-06-06T00:00:00Z',
    '2026-11-20T12:00:00.000000999Z',
  ],
  ...[
    {},
    [],
    { a: 1 },
    { a: '\\u0000', b: [1.5, null, true, '"\\'] },
    'text',
    true,
    false,
    [[[]]],
    { '': -0 },
  ],
];

const TYPES = [
  'timestamp with time zone',
  'date',
  'text',
  'character varying(5)',
  'smallint',
  'integer',
  'bigint',
  'double precision',
  'real',
  'numeric',
  'boolean',
  'uuid',
  'jsonb',
];

describe.each(testServers('postgres'))('a value on $describe', (server) => {
  let database: TestDatabase;
  let db: Client;
  beforeAll(async () => {
    database = await createTestDatabase(server);
    db = new Client({ connectionString: database.url });
    await db.connect();
  });
  afterAll(async () => {
    await db.end();
    await database.drop();
  });

  it.each(TYPES)('is the same in both formats as %s', async (type) => {
    const [convert, read] = [converterOf(type), cellReaderOf(type)];
    const judged = [...DANGEROUS, ...fc.sample(value, 20_000)].map((sample) => ({
      text: convert(sample),
      cell: read(sample),
    }));
    // The same reasons, too. One comparison for all of them, because a matcher for each takes seconds.
    const refused = judged.filter(({ text, cell }) => typeof text !== 'string' || typeof cell === 'object');
    expect(refused.filter(({ text, cell }) => !isDeepStrictEqual(text, cell))).toEqual([]);
    const taken = judged.flatMap(({ text, cell }) =>
      typeof text !== 'string' || typeof cell === 'object' ? [] : [{ text, cell: cell as Cell }],
    );
    expect(taken.length).toBeGreaterThan(5);
    await db.query(`CREATE TEMP TABLE one (n bigint, as_text ${type}, as_cell ${type})`);
    const lines = taken.map(
      ({ text, cell }, n) => `${n}\t${copyValue(text)}\t${copyValue(cellText(type, cell))}\n`,
    );
    await copyText(db, 'pg_temp.one', ['n', 'as_text', 'as_cell'], lines);
    const encode = binaryTypeOf(type)?.encode;
    await db.query(`CREATE TEMP TABLE other (n bigint, as_binary ${type})`);
    if (encode) {
      const rows = taken.map(({ cell }, n) => ({ cells: [cell, n] as const }));
      const encoders = [binaryTypeOf('bigint')?.encode ?? encode, encode];
      const copy = { target: 'pg_temp.other', columns: ['n', 'as_binary'], encoders, places: [1, 0] };
      expect(await copyBinary(db, copy, rows)).toBe(taken.length);
    } else await db.query('INSERT INTO other SELECT n, as_text FROM one');
    // Texts tell -0 from 0 and 1.0 from 1, which are equal.
    const { rows } = await db.query(
      `SELECT as_text::text, as_cell::text, as_binary::text FROM one FULL JOIN other USING (n)
        WHERE (as_text::text, as_text::text) IS DISTINCT FROM (as_cell::text, as_binary::text) LIMIT 5`,
    );
    expect(rows).toEqual([]);
    await db.query('DROP TABLE one, other');
  });

  it('is NULL, and all rows arrive beyond one piece', async () => {
    await db.query('CREATE TEMP TABLE many (n integer, name text)');
    const encoders = ['integer', 'text'].flatMap((type) => binaryTypeOf(type)?.encode ?? []);
    const rows = Array.from({ length: 5_001 }, (_, n) => ({
      cells: [n, n % 3 === 0 ? null : 'x'.repeat(n % 500)] as const,
    }));
    const copy = { target: 'pg_temp.many', columns: ['n', 'name'], encoders, places: [0, 1] };
    expect(await copyBinary(db, copy, rows)).toBe(5_001);
    expect(await copyBinary(db, copy, [])).toBe(0);
    const { rows: stored } = await db.query('SELECT n, name FROM many ORDER BY n');
    expect(stored).toEqual(rows.map(({ cells: [n, name] }) => ({ n, name })));
  });
});

describe.each(testServers())('rows on $describe', (server) => {
  let api: IngestUnderTest;
  beforeEach(async () => {
    // What an API has learned about the types of a table must not tell the next one.
    jest.resetModules();
    const { startIngest }: typeof ingestUnderTest = jest.requireActual('../testing/ingest-under-test');
    api = await startIngest(server);
  });
  afterEach(() => api.stop());

  const stored = async (sql: string) => (await api.pool.query(sql)).rows;
  const post = (...rows: readonly object[]) => api.post(json(rows), {}, 'sensor_alerts');
  const row = (n: number, value: number) => ({ time: at(-n), sensor_id: 's', alert_type: 'a', value });

  it('are sent as texts where a column has another type than declared, and are stored then', async () => {
    expect((await post(row(1, 1), row(2, 2))).json()).toMatchObject({ accepted: 2 });
    // Eight bytes like a double, which would be another value.
    await runSql(api.url, 'ALTER TABLE sensor_alerts ALTER value TYPE bigint');
    const answer = await post(row(3, 3), row(4, 4.5));
    expect([answer.statusCode, answer.json()]).toMatchObject([
      207,
      {
        accepted: 1,
        errors: [{ line: 2, reason: 'the database refuses it: invalid input syntax for type bigint: "4.5"' }],
      },
    ]);
    await runSql(api.url, 'ALTER TABLE sensor_alerts ALTER value TYPE numeric');
    expect((await post(row(5, 5.25))).json()).toMatchObject({ accepted: 1 });
    const rows = await stored('SELECT value::text FROM sensor_alerts ORDER BY time DESC');
    expect(rows.map(({ value }) => value)).toEqual(['1', '2', '3', '5.25']);
  });

  it('of several tables are stored at the first try after the types of all of them have changed', async () => {
    const write = async (n: number): Promise<number> => {
      const lines = [
        `monitoring.sensor_data sensor_id=1i,humidity=${n}`,
        `monitoring.sensor_alerts alert_type="a",sensor_id=1i,threshold=${n}`,
        `monitoring.app_metrics,host=h,metric_name=m value=${n}`,
      ];
      const answer = await api.app.inject({
        method: 'POST',
        url: '/api/v2/write?bucket=b&org=o&precision=ms',
        headers: { 'content-type': 'text/plain' },
        payload: lines.map((line) => `${line} ${now - n}`).join('\n'),
      });
      return answer.statusCode;
    };
    expect([await write(1), await write(2)]).toEqual([204, 204]);
    // One by one: Citus sends what it was asked to the workers, which take one statement at a time.
    await runSql(api.url, 'ALTER TABLE monitoring.sensor_data ALTER humidity TYPE bigint');
    await runSql(api.url, 'ALTER TABLE monitoring.sensor_alerts ALTER threshold TYPE bigint');
    await runSql(api.url, 'ALTER TABLE monitoring.app_metrics ALTER value TYPE bigint');
    expect([await write(3), await write(4)]).toEqual([204, 204]);
    const rows = await stored(
      `SELECT humidity::text AS v FROM monitoring.sensor_data UNION ALL SELECT threshold::text FROM monitoring.sensor_alerts
       UNION ALL SELECT value::text FROM monitoring.app_metrics ORDER BY v`,
    );
    expect(rows.map(({ v }) => v).join('')).toBe('111222333444');
  });

  it.each(['read committed', 'repeatable read'])(
    'are understood when a change of the type commits while they wait for it, in %s',
    async (isolation) => {
      await runSql(
        api.url,
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''${isolation}''', current_database()); END $$`,
      );
      const owner = new Client({ connectionString: api.url });
      await owner.connect();
      try {
        await owner.query('BEGIN');
        await owner.query('ALTER TABLE sensor_alerts ALTER value TYPE bigint');
        const answer = post(row(1, 1_000));
        const waiting = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        while ((await api.count(waiting)) === 0);
        await owner.query('COMMIT');
        expect((await answer).json()).toMatchObject({ accepted: 1 });
      } finally {
        await owner.end();
      }
      expect(await stored('SELECT value::text FROM sensor_alerts')).toEqual([{ value: '1000' }]);
    },
  );

  it('that the database refuses are named by their line, with the reasons that texts have', async () => {
    await runSql(api.url, 'ALTER TABLE sensor_alerts ADD CONSTRAINT cool CHECK (value < 100)');
    // The type of the column by which Citus distributes a table never changes.
    const short =
      server.engine === 'citus'
        ? 'ADD CONSTRAINT short CHECK (length(sensor_id) < 45)'
        : 'ALTER sensor_id TYPE character varying(44)';
    await runSql(api.url, `ALTER TABLE sensor_alerts ${short}`);
    await runSql(api.url, 'CREATE UNIQUE INDEX once ON sensor_alerts (time, sensor_id, alert_type)');
    const rows = Array.from({ length: 50 }, (_, n) => ({
      ...row(n === 45 ? 44 : n, n === 7 ? 500 : n),
      ...(n === 40 ? { sensor_id: 'x'.repeat(45) } : {}),
    }));
    const answer = await post(...rows);
    expect([answer.statusCode, answer.json()]).toMatchObject([
      207,
      {
        accepted: 47,
        errors: [
          {
            line: 8,
            reason: expect.stringMatching(
              /^the database refuses it: new row for relation ".+" violates check constraint "cool"$/,
            ),
          },
          {
            line: 41,
            reason:
              server.engine === 'citus'
                ? expect.stringMatching(
                    /^the database refuses it: new row for relation ".+" violates check constraint "short"$/,
                  )
                : 'the database refuses it: value too long for type character varying(44)',
          },
          {
            line: 46,
            reason: expect.stringMatching(
              /^the database refuses it: duplicate key value violates unique constraint ".+"$/,
            ),
          },
        ],
      },
    ]);
  });
});

it('the declared tables of the default sets are written in binary format', () => {
  const types = Object.values(sensorData.columns).map(({ type }) => binaryTypeOf(type));
  expect(types).not.toContain(undefined);
});

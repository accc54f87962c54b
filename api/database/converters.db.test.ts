// Whatever the converters let through, the server takes: otherwise one row could fail a whole batch.
import fc from 'fast-check';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { copyText, copyValue } from '../../db/server/copy';
import { converterOf } from './converters';

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
  'inet',
  'point',
  'jsonb',
];

const two = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'));
const year = fc.integer({ min: 0, max: 9_999 }).map((n) => String(n).padStart(4, '0'));
const date = fc.tuple(year, two, two).map((parts) => parts.join('-'));
const value = fc.oneof(
  fc.jsonValue(),
  fc.double(),
  fc.float(),
  fc.integer(),
  fc.bigInt().map(String),
  fc.double().map(String),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.uuid(),
  fc.ipV4(),
  fc.ipV6(),
  fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(200)).map((parts) => parts.join('/')),
  fc.tuple(fc.double(), fc.double()),
  date,
  fc
    .tuple(date, two, two, two, fc.constantFrom('Z', '+02:00', '-15:59', '', '.123456789Z'))
    .map(([day, h, m, s, zone]) => `${day}T${h}:${m}:${s}${zone}`),
  fc.constantFrom(
    'now',
    'infinity',
    'epoch',
    'allballs',
    '\\N',
    '\\.',
    'NaN',
    '1e400',
    '1e-400',
    1e-320,
    1e-46,
    3.5e38,
  ),
);

describe.each(testServers('postgres'))('converterOf on $describe', (server) => {
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

  it.each(TYPES)('lets nothing through that COPY refuses as %s', async (type) => {
    await db.query(`CREATE TEMP TABLE one (value ${type})`);
    const convert = converterOf(type);
    const taken = fc.sample(value, 20_000).flatMap((sample) => {
      const converted = convert(sample);
      return typeof converted === 'string' ? [converted] : [];
    });
    expect(taken.length).toBeGreaterThan(0);
    const copied = await copyText(
      db,
      'pg_temp.one',
      ['value'],
      taken.map((text) => `${copyValue(text)}\n`),
    );
    expect(copied).toBe(taken.length);
    await db.query('DROP TABLE one');
  });
});

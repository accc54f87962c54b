// The emulated time_bucket gives what TimescaleDB's gives: known answers everywhere, and each other's where both are here.
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { applied, select } from '../testing/apply';
import { plant } from '../testing/sets';

const WIDTHS = [
  '1 second',
  '7 minutes',
  '15 minutes',
  '1 hour',
  '36 hours',
  '1 day',
  '1 week',
  '10 days',
  '1 month',
  '3 months',
  '7 months',
  '1 year',
  '4 years',
];

// Instants around what goes wrong: origins, leap days, ends of months and years, before 2000 and before 1970.
const QUERY = `
  SELECT w, t::text, public.time_bucket(w::interval, t)::text AS bucket
    FROM unnest($1::text[]) w,
         unnest(ARRAY['2000-01-01', '2000-01-03', '1999-12-31 23:59:59.999999', '2024-02-29 12:00', '2025-01-01', '2026-11-20 11:11:24.123456',
                      '2026-12-31 23:59:59.999999', '1969-07-20 20:17:40', '1900-03-01', '2100-02-28 23:00']::timestamptz[]) t
  UNION ALL
  SELECT w, t::text, public.time_bucket(w::interval, t)::text
    FROM unnest($1::text[]) w, generate_series(0, 400) n, LATERAL (SELECT timestamptz '1995-05-05 05:05:05' + n * interval '29 days 7 hours 13 minutes') x (t)
  ORDER BY 1, 2`;

describe('time_bucket', () => {
  const databases = new Map<string, TestDatabase>();

  beforeAll(async () => {
    for (const server of testServers()) {
      const database = await createTestDatabase(server, applied([plant()]));
      databases.set(server.engine, database);
    }
  });

  afterAll(async () => {
    for (const database of databases.values()) await database.drop();
  });

  it.each([
    ['1 hour', '2026-11-20 11:11:24.5+00', '2026-11-20 11:00:00+00'],
    ['1 week', '2026-11-20 11:11:24+00', '2026-11-16 00:00:00+00'],
    ['1 month', '2026-11-20 11:11:24+00', '2026-11-01 00:00:00+00'],
    ['3 months', '2026-02-28 23:59:59+00', '2026-01-01 00:00:00+00'],
    ['1 year', '1999-12-31 23:59:59+00', '1999-01-01 00:00:00+00'],
  ])('puts %s of %s at %s', async (width, time, expected) => {
    for (const { url } of databases.values()) {
      const rows = await select(
        url,
        'SELECT public.time_bucket($1::interval, $2::timestamptz)::text AS bucket',
        [width, time],
      );
      expect(rows).toEqual([{ bucket: expected }]);
    }
  });

  it('gives NULL for NULL', async () => {
    for (const { url } of databases.values()) {
      expect(
        await select(
          url,
          `SELECT public.time_bucket('1 day', NULL::timestamptz) AS day, public.time_bucket(NULL, now()) AS none`,
        ),
      ).toEqual([{ day: null, none: null }]);
    }
  });

  it('is the same on both engines for thousands of instants', async () => {
    const answers = await Promise.all([...databases.values()].map(({ url }) => select(url, QUERY, [WIDTHS])));
    expect(answers[0]?.length).toBe(WIDTHS.length * 411);
    for (const answer of answers.slice(1)) expect(answer).toEqual(answers[0]);
  });
});

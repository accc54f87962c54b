import { continuousAggregate } from '../../language/aggregate';
import { aggregateQuery } from '../../language/aggregate-sql';
import { float8, text, timestamptz } from '../../language/columns';
import { count, filter, percentile, sql, sum, total, where } from '../../language/expressions';
import { hypertable } from '../../language/hypertable';
import { queryShape, withBounds } from './query-shape';

const raw = hypertable('m', {
  columns: { at: timestamptz().notNull(), dev: text(), v: float8() },
  time: 'at',
  chunkInterval: '1 day',
});
const refresh = { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' } as const;

describe('the shape of a query', () => {
  it('is read from what the server prints', () => {
    expect(
      queryShape(` SELECT time_bucket('01:00:00'::interval, m.at) AS bucket,
    m.dev,
    "m"."Dev, Id",
    count(*) AS n,
    count(m.v) FILTER (WHERE ((m.v > (0)::double precision) AND (m.note <> ' FROM ('::text))) AS "big n",
    count(DISTINCT m.dev) AS kinds,
    (count(*))::numeric / (2)::numeric AS half,
    sum(m.v) AS s
   FROM m
  WHERE (m.v > (1)::double precision)
  GROUP BY (time_bucket('01:00:00'::interval, m.at)), m.dev, "m"."Dev, Id"
 HAVING (count(*) > 1);`),
    ).toEqual({
      keys: ['"dev"', '"Dev, Id"'],
      counts: ['"n"', '"big n"'],
      rowCounts: ['"n"'],
      values: ['"kinds"', '"half"', '"s"'],
    });
  });

  it('is read from a declared query, whatever its columns hold', () => {
    const hourly = continuousAggregate('m_h', {
      from: raw,
      bucket: '1 hour',
      groupBy: ['dev'],
      select: {
        high: filter(count('v'), where('v', '>', 10)),
        half: percentile(0.5, 'v'),
        text: sql(`string_agg(dev, ' GROUP BY, ' ORDER BY dev)`),
        n: count(),
        total_v: sum('v'),
      },
      realTime: false,
      refresh,
    });
    const expected = {
      keys: ['"dev"'],
      counts: ['"high"', '"n"'],
      rowCounts: ['"n"'],
      values: ['"half"', '"text"', '"total_v"'],
    };
    expect(queryShape(aggregateQuery(hourly, '"at" >= $1 AND "at" < $2'))).toEqual(expected);
  });

  it('takes a sum of counts for a count, and no other sum', () => {
    const daily = `SELECT time_bucket('1 day'::interval, bucket) AS bucket, (sum(n))::bigint AS n, sum(s) AS s FROM m_h GROUP BY (time_bucket('1 day'::interval, bucket))`;
    const counted = { keys: [], counts: ['"n"'], rowCounts: ['"n"'], values: [] };
    expect(queryShape(daily, counted)).toEqual({ ...counted, values: ['"s"'] });
    expect(queryShape(daily, { ...counted, rowCounts: [] }).rowCounts).toEqual([]);
    expect(queryShape(daily).counts).toEqual([]);
    const declared = continuousAggregate('m_d', {
      from: raw,
      bucket: '1 day',
      groupBy: [],
      select: { n: total('v') },
      realTime: false,
      refresh,
    });
    const source = { ...counted, counts: ['"v"'] };
    expect(queryShape(aggregateQuery(declared), source).counts).toEqual(['"n"']);
  });

  it('finds a group that is an expression, and leaves out one that is no column', () => {
    const grouped = `SELECT time_bucket('1 day'::interval, at) AS bucket, lower(dev) AS low, count(*) AS n FROM m GROUP BY (time_bucket('1 day'::interval, at)), (lower(dev)), site`;
    expect(queryShape(grouped)).toEqual({
      keys: ['"low"'],
      counts: ['"n"'],
      rowCounts: ['"n"'],
      values: [],
    });
  });

  it('takes no difference of counts and no count of different values for a count, in whatever letters', () => {
    const query = `SELECT 1 AS bucket, (count(*) FILTER (WHERE (a)) - count(*) FILTER (WHERE (b))) AS d, COUNT( distinct dev ) AS k, COUNT (*)::int AS n, (count(dev))::integer AS m, count(*) FILTER (WHERE a) + 0 AS e FROM m GROUP BY 1`;
    expect(queryShape(query)).toEqual({
      keys: [],
      counts: ['"n"', '"m"'],
      rowCounts: ['"n"'],
      values: ['"d"', '"k"', '"e"'],
    });
  });

  it('reads names and texts as they are, with spaces and characters outside of the basic plane', () => {
    const query = `SELECT 1 AS bucket, "a  b",\n  count(*) FILTER (WHERE s = '🔥🔥, ') AS "n  🔥", sum(v) AS s FROM m GROUP BY 1, "a  b"`;
    expect(queryShape(query)).toMatchObject({ keys: ['"a  b"'], counts: ['"n  🔥"'], values: ['"s"'] });
  });

  it('knows nothing of a text that is no such query', () => {
    expect(queryShape('SELECT 1')).toEqual({ keys: [], counts: [], rowCounts: [], values: [] });
  });
});

it('puts bounds into a query, but not into its text constants', () => {
  expect(withBounds(`WHERE s = '🔥$1' AND at >= $1`, 'a', 'b')).toBe(`WHERE s = '🔥$1' AND at >= a`);
  expect(withBounds(`SELECT '$1' AS "$2" WHERE (at >= $1 AND at < $2)`, 'a', 'b')).toBe(
    `SELECT '$1' AS "$2" WHERE (at >= a AND at < b)`,
  );
});

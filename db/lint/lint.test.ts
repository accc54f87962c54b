// Each rule has a declaration that passes and one that breaks this rule and no other.
import { type ContinuousAggregate, continuousAggregate } from '../language/aggregate';
import { bigint, float8, text, timestamptz } from '../language/columns';
import { desiredFrom } from '../language/desired';
import {
  avg,
  count,
  countDistinct,
  type Expression,
  filter,
  last,
  max,
  min,
  minus,
  percentile,
  sum,
  weightedAvg,
  where,
} from '../language/expressions';
import { type Hypertable, hypertable } from '../language/hypertable';
import { desc, index, uniqueIndex } from '../language/indexes';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { mqttStream, stream } from '../language/stream';
import { schemaSets } from '../schema/sets';
import { lint, lintRules } from './lint';

const columns = { time: timestamptz().notNull(), sensor: text().notNull(), value: float8() };
const base: Hypertable = hypertable('reading', {
  columns,
  time: 'time',
  chunkInterval: '1 day',
  retention: '90 days',
});
const fine: ContinuousAggregate = continuousAggregate('fine', {
  from: base,
  bucket: '1 hour',
  groupBy: ['sensor'],
  select: {
    mean: avg('value'),
    total: sum('value'),
    n: count('value'),
    p95: percentile(0.95, 'value'),
    kinds: countDistinct('value'),
  },
  realTime: true,
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
});

type TableChange = Partial<Omit<Hypertable, 'name'>> & { readonly name?: string };
type AggregateChange = Partial<Omit<ContinuousAggregate, 'refresh'>> & {
  readonly refresh?: Partial<ContinuousAggregate['refresh']>;
};

/** A table, alone or with an hourly aggregate, with something changed. Declarations are data, so they can be. */
const onTable = (change: TableChange): SchemaSet => schemaSet('test', [{ ...base, ...change } as Hypertable]);
function hourly(change: AggregateChange, tableChange: TableChange = {}): SchemaSet {
  const from = { ...base, ...tableChange } as Hypertable;
  return schemaSet('test', [
    from,
    { ...fine, from, ...change, refresh: { ...fine.refresh, ...change.refresh } } as ContinuousAggregate,
  ]);
}
/** A coarser aggregate over the hourly one. */
function coarse(bucket: ContinuousAggregate['bucket'], x: Expression): SchemaSet {
  const refresh = { startOffset: '80 days', endOffset: '1 hour', every: '1 day' } as const;
  return schemaSet('test', [
    base,
    fine,
    {
      ...fine,
      name: 'coarse',
      from: fine,
      bucket,
      groupBy: [],
      select: { x },
      columnNames: ['bucket', 'x'],
      refresh,
    } as ContinuousAggregate,
  ]);
}
const store = (change: object = {}): TableChange => ({
  columnstore: { segmentBy: ['sensor'], orderBy: [desc('time')], after: '7 days', ...change },
});

/** The columns with former names. */
const renamed = (former: { readonly [column in keyof typeof columns]?: string }): TableChange => ({
  columns: Object.fromEntries(
    Object.entries(columns).map(([name, column]) => {
      const from = former[name as keyof typeof columns];
      return [name, from === undefined ? column : column.renamedFrom(from)];
    }),
  ),
});

/** A table whose rows have a key. */
const keyed: Hypertable = hypertable('keyed', {
  columns,
  time: 'time',
  chunkInterval: '1 day',
  unique: { columns: ['sensor', 'time'], onConflict: 'skip' },
});
/** Streams of the table. */
const streaming = (...streams: NonNullable<SchemaSet['streams']>): SchemaSet =>
  schemaSet('test', [base, keyed], { streams });
const bareTime = { map: { value: '$value', time: '$timestamp' } };

const fixtures: Readonly<Record<string, { readonly passing: SchemaSet; readonly failing: SchemaSet }>> = {
  TS001: { passing: hourly({}, { retention: '73 hours' }), failing: hourly({}, { retention: '72 hours' }) },
  TS002: {
    passing: hourly({ refresh: { startOffset: '3 hours' } }),
    failing: hourly({ refresh: { startOffset: '2 hours' } }),
  },
  TS003: {
    passing: coarse('1 month', weightedAvg('total', 'n')),
    failing: coarse('90 minutes', weightedAvg('total', 'n')),
  },
  TS004: {
    passing: onTable(store({ segmentBy: [] })),
    failing: onTable(store({ orderBy: [desc('time'), desc('sensor')] })),
  },
  TS005: { passing: coarse('1 day', weightedAvg('total', 'n')), failing: coarse('1 day', avg('mean')) },
  TS006: { passing: hourly({ retention: '4 days' }), failing: hourly({ retention: '72 hours' }) },
  TS007: {
    passing: hourly({ refresh: { every: '71 hours' } }),
    failing: hourly({ refresh: { every: '72 hours' } }),
  },
  TS008: {
    passing: hourly({}, store({ after: '2 days', acceptLateRows: true })),
    failing: hourly({}, store({ after: '2 days' })),
  },
  TS009: { passing: onTable(store()), failing: onTable(store({ orderBy: [desc('value')] })) },
  TS010: {
    passing: onTable({ columns: { ...columns, id: bigint().default("nextval('ids')") } }),
    failing: onTable({ ...store(), columns: { ...columns, id: bigint().default("nextval('ids')") } }),
  },
  TS011: { passing: onTable(store({ after: '89 days' })), failing: onTable(store({ after: '90 days' })) },
  TS012: {
    passing: coarse('1 day', { kind: 'aggregate', fn: 'max', column: 'p95' }),
    failing: coarse('1 day', sum('kinds')),
  },
  TS013: { passing: hourly({}), failing: hourly({ columnNames: ['bucket', 'sensor', 'sensor'] }) },
  TS014: { passing: onTable({}), failing: onTable({ columns: { ...columns, time: timestamptz() } }) },
  TS015: {
    passing: onTable({ hash: { by: 'sensor', count: 4 }, indexes: [uniqueIndex('sensor', 'time')] }),
    failing: onTable({ hash: { by: 'sensor', count: 4 }, indexes: [uniqueIndex('time')] }),
  },
  TS016: { passing: onTable({ retention: '1 day' }), failing: onTable({ retention: '23 hours' }) },
  TS017: {
    passing: onTable({ hash: { by: 'sensor', count: 2 } }),
    failing: onTable({ hash: { by: 'sensor', count: 1 } }),
  },
  TS018: { passing: onTable({ name: 'r'.repeat(37) }), failing: onTable({ name: 'r'.repeat(38) }) },
  TS019: {
    passing: onTable({ ...store(), columns: { ...columns, n: bigint() }, chunkSkipping: ['n'] }),
    failing: onTable({ ...store(), chunkSkipping: ['sensor'] }),
  },
  TS020: {
    passing: onTable({ rowSecurity: [{ name: 'own', command: 'select', to: 'reader', using: 'true' }] }),
    failing: hourly({}, { rowSecurity: [] }),
  },
  TS021: {
    passing: onTable({ reorder: index('sensor'), indexes: [index('sensor')] }),
    failing: onTable({ reorder: index('sensor'), indexes: [index('value')] }),
  },
  TS022: {
    passing: hourly(
      { columnsRenamedFrom: { mean: 'average' }, renamedFrom: 'hourly' },
      renamed({ sensor: 'dev' }),
    ),
    failing: onTable(renamed({ sensor: 'value' })),
  },
  TS023: {
    passing: hourly({ select: { x: filter(avg('value'), where('sensor', '=', 'a')) } }),
    failing: hourly({ select: { x: avg('missing') } }),
  },
  TS024: {
    passing: schemaSet('test', [base, { ...base, name: 'other', ingest: { names: ['readings', 'r'] } }]),
    failing: schemaSet('test', [base, { ...base, name: 'other', ingest: { names: ['reading'] } }]),
  },
  TS025: {
    passing: streaming(
      mqttStream('a/{sensor}', keyed),
      mqttStream('b/{sensor}', keyed, { ...bareTime, acceptDuplicates: true }),
      stream('c', base),
    ),
    failing: streaming(mqttStream('a/{sensor}', keyed, bareTime)),
  },
  TS026: {
    passing: streaming(
      mqttStream('a/{sensor}/x', keyed),
      mqttStream('a/{sensor}/y', keyed),
      mqttStream('a/{sensor}', keyed),
      mqttStream('c', keyed),
      stream('c', base),
    ),
    failing: streaming(mqttStream('a/{sensor}/x', keyed), mqttStream('a/b/{sensor}', keyed)),
  },
  TS027: {
    passing: streaming(stream('c', base)),
    failing: schemaSet('test', [base], { streams: [mqttStream('a/{sensor}', keyed)] }),
  },
  TS028: {
    passing: streaming(mqttStream('a/{sensor}', keyed, { ...bareTime, acceptDuplicates: true })),
    failing: streaming(mqttStream('a/{sensor}', keyed, { map: { value: '$value' } })),
  },
  TS029: {
    passing: schemaSet('test', [{ ...keyed, distributeBy: 'sensor' }]),
    failing: schemaSet('test', [{ ...keyed, distributeBy: 'value' }]),
  },
  TS030: {
    passing: schemaSet('test', [{ ...base, distributeBy: 'sensor' }]),
    failing: schemaSet('test', [{ ...base, distributeBy: 'time' }]),
  },
};

const rulesBroken = (set: SchemaSet): readonly string[] => lint(desiredFrom([set])).map(({ rule }) => rule);

describe('lint', () => {
  it('has fixtures for every rule', () =>
    expect(Object.keys(fixtures)).toEqual(lintRules.map(({ id }) => id)));

  it.each(Object.entries(fixtures))('%s passes and fails', (id, { passing, failing }) => {
    expect(rulesBroken(passing)).toEqual([]);
    expect(rulesBroken(failing)).toEqual([id]);
  });

  it.each(Object.entries(schemaSets))('finds nothing in the set %s', (_name, declared) =>
    expect(rulesBroken(declared)).toEqual([]),
  );

  it('wants more than two months of window for a bucket of a month', () => {
    const monthly = (startOffset: '2 months' | '3 months'): SchemaSet => {
      const { retention: _retention, ...kept } = base;
      const from = kept as Hypertable;
      return schemaSet('test', [
        from,
        {
          ...fine,
          from,
          bucket: '1 month',
          refresh: { ...fine.refresh, startOffset },
        } as ContinuousAggregate,
      ]);
    };
    expect(rulesBroken(monthly('2 months'))).toEqual(['TS002']);
    expect(rulesBroken(monthly('3 months'))).toEqual([]);
  });

  it.each<[string, SchemaSet, readonly string[]]>([
    [
      'TS001 with 121 days for four months, which can have 123',
      hourly({ refresh: { startOffset: '4 months' } }, { retention: '121 days' }),
      ['TS001'],
    ],
    [
      'TS001 with exactly the longest four months, but no bucket more',
      hourly({ refresh: { startOffset: '4 months' } }, { retention: '123 days' }),
      ['TS001'],
    ],
    [
      'TS001 with the longest four months and a bucket',
      hourly({ refresh: { startOffset: '4 months' } }, { retention: '124 days' }),
      [],
    ],
    [
      'TS001 with the sum in months',
      hourly({ bucket: '1 month', refresh: { startOffset: '4 months' } }, { retention: '5 months' }),
      [],
    ],
    [
      'TS001 with the sum in days, for months of source rows',
      hourly({ bucket: '1 day', refresh: { startOffset: '27 days' } }, { retention: '1 month' }),
      [],
    ],
    [
      'TS001 with a month that may be February',
      hourly({ bucket: '1 day', refresh: { startOffset: '28 days' } }, { retention: '1 month' }),
      ['TS001'],
    ],
    [
      'TS002 with two months in the server’s days, but not in March and April',
      hourly({ bucket: '1 month', refresh: { startOffset: '61 days' } }, { retention: '1 year' }),
      ['TS002'],
    ],
    [
      'TS006 with 121 days for four months',
      hourly({ retention: '121 days', refresh: { startOffset: '4 months' } }, { retention: '1 year' }),
      ['TS006'],
    ],
    [
      'TS006 with the sum in months',
      hourly(
        { bucket: '1 month', retention: '5 months', refresh: { startOffset: '4 months' } },
        { retention: '1 year' },
      ),
      [],
    ],
    [
      'TS007 with a month that may be February',
      hourly({ refresh: { startOffset: '1 month', every: '28 days' } }),
      ['TS007'],
    ],
    [
      'TS008 with 121 days for four months',
      hourly(
        { refresh: { startOffset: '4 months' } },
        { ...store({ after: '121 days' }), retention: '1 year' },
      ),
      ['TS008'],
    ],
    [
      'TS008 with equal months',
      hourly(
        { refresh: { startOffset: '4 months' } },
        { ...store({ after: '4 months' }), retention: '1 year' },
      ),
      [],
    ],
    [
      'TS011 with a month that may be February',
      onTable({ ...store({ after: '28 days' }), retention: '1 month' }),
      ['TS011'],
    ],
    ['TS011 with a day less', onTable({ ...store({ after: '27 days' }), retention: '1 month' }), []],
    [
      'TS016 with a month that may be February',
      onTable({ retention: '1 month', chunkInterval: '30 days' }),
      ['TS016'],
    ],
    ['TS016 with equal months', onTable({ retention: '1 month', chunkInterval: '1 month' }), []],
    [
      'TS016 with the days of a chunk of a month',
      onTable({ retention: '30 days', chunkInterval: '1 month' }),
      [],
    ],
  ])('compares lengths with months of the harmful length: %s', (_title, declared, broken) =>
    expect(rulesBroken(declared)).toEqual(broken),
  );

  it('hashes no time column and sums no average', () => {
    expect(rulesBroken(onTable({ hash: { by: 'time', count: 4 } }))).toEqual(['TS017']);
    expect(rulesBroken(coarse('1 day', sum('mean')))).toEqual(['TS012']);
  });

  it.each([
    ['its present name', onTable({ renamedFrom: 'reading' })],
    ['the name of another table', hourly({ renamedFrom: 'reading' })],
    ['the name of another column', hourly({ columnsRenamedFrom: { mean: 'total' } })],
    ['a name twice', onTable(renamed({ sensor: 'x', value: 'x' }))],
    [
      'a name twice, once through its source',
      hourly({ columnsRenamedFrom: { mean: 'dev' } }, renamed({ sensor: 'dev' })),
    ],
  ])('refuses as a former name %s', (_what, set) => {
    expect([...new Set(rulesBroken(set))]).toEqual(['TS022']);
  });

  it.each<[string, SchemaSet]>([
    ['groupBy', hourly({ groupBy: ['missing'] })],
    ['an index', onTable({ indexes: [index('missing')] })],
    ['segmentBy', onTable(store({ segmentBy: ['missing'] }))],
    ['orderBy', onTable(store({ orderBy: [desc('time'), desc('missing')] }))],
    ['hash', onTable({ hash: { by: 'missing', count: 4 } })],
    ['its column x', hourly({ select: { x: filter(count(), where('missing', '=', 1)) } })],
    ['its column x', hourly({ select: { x: minus(max('value'), min('missing')) } })],
    ['its column x', hourly({ select: { x: last('value', 'missing') } })],
    ['segmentBy', hourly({ columnstore: { segmentBy: ['missing'], orderBy: [], after: '7 days' } })],
    ['its column x', coarse('1 day', weightedAvg('total', 'missing'))],
  ])('names an unknown column in %s', (where, set) => {
    expect(lint(desiredFrom([set])).filter(({ rule }) => rule === 'TS023')).toEqual([
      expect.objectContaining({ message: expect.stringContaining(`names the column missing in ${where},`) }),
    ]);
  });

  it.each<[string, Hypertable['ingest'], Hypertable['ingest']]>([
    ['the same name', { names: ['a', 'b'] }, { names: ['c', 'b'] }],
    ['every name', { names: '*' }, { names: '*' }],
  ])('refuses two tables that take %s', (_what, first, second) => {
    const tables = [first, second].map((ingest, n) => ({
      ...base,
      name: `t${n}`,
      ...(ingest ? { ingest } : {}),
    }));
    expect(rulesBroken(schemaSet('test', tables))).toEqual(['TS024']);
  });

  it.each<[string, SchemaSet, readonly string[]]>([
    ['a table without a key', streaming(mqttStream('a/{sensor}', base)), ['TS025']],
    ['one topic of Kafka twice', streaming(stream('c', base), stream('c', keyed)), ['TS026']],
    [
      'a key whose default differs with each delivery',
      (() => {
        const late = hypertable('late', {
          columns: { ...columns, time: timestamptz().notNull().default('now()') },
          time: 'time',
          chunkInterval: '1 day',
          unique: { columns: ['sensor', 'time'], onConflict: 'skip' },
        });
        return schemaSet('test', [late], { streams: [mqttStream('a/{sensor}', late)] });
      })(),
      ['TS025'],
    ],
    [
      'no key whose default is a constant',
      (() => {
        const site = hypertable('site', {
          columns: { ...columns, sensor: text().notNull().default("'main'") },
          time: 'time',
          chunkInterval: '1 day',
          unique: { columns: ['sensor', 'time'], onConflict: 'skip' },
        });
        return schemaSet('test', [site], { streams: [mqttStream('a', site)] });
      })(),
      [],
    ],
  ])('of streams refuses %s', (_what, set, broken) => {
    expect(rulesBroken(set)).toEqual(broken);
  });

  it('says what, why and the way out', () => {
    for (const { failing } of Object.values(fixtures)) {
      for (const { message } of lint(desiredFrom([failing]))) expect(message).toMatch(/[:,;.].{10,}/);
    }
  });
});

describe('desiredFrom', () => {
  const daily = coarse('1 day', weightedAvg('total', 'n'));

  it('puts sources before what is built on them', () =>
    expect(
      desiredFrom([schemaSet('test', [...daily.objects].reverse())]).aggregates.map(({ name }) => name),
    ).toEqual(['fine', 'coarse']));

  it('refuses a source that no set declares', () =>
    expect(() => desiredFrom([schemaSet('test', [fine])])).toThrow('no selected schema set declares'));

  it('refuses a name that is declared twice', () =>
    expect(() => desiredFrom([onTable({}), onTable({})])).toThrow('declared twice'));
});

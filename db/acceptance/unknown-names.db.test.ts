// What the server does not know is refused while planning, and not in the middle of an apply.
import { type ContinuousAggregate, continuousAggregate } from '../language/aggregate';
import { type Column, float8, integer, text, timestamptz } from '../language/columns';
import { type Expression, sql, sum } from '../language/expressions';
import { sqlFunction } from '../language/function';
import { type Hypertable, hypertable } from '../language/hypertable';
import { expression, type Index, index, partial } from '../language/indexes';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { table } from '../language/table';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { applied, applySets, planSets, select } from '../testing/apply';

const columns = { at: timestamptz().notNull(), device: text().notNull(), value: float8() };
const reading = (indexes: readonly Index[] = []): Hypertable<'at' | 'device' | 'value'> =>
  hypertable('plant.reading', {
    columns,
    time: 'at',
    chunkInterval: '1 day',
    indexes: indexes as readonly Index<'at' | 'device' | 'value'>[],
  });
const plain = reading();
const hourly = (x: Expression<'value'>, from = plain): ContinuousAggregate<'bucket' | 'device' | 'x'> =>
  continuousAggregate('plant.hourly', {
    from,
    bucket: '1 hour',
    groupBy: ['device'],
    select: { x },
    realTime: false,
    refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
  });
const daily = (
  x: Expression<'x'>,
  from: ContinuousAggregate<'bucket' | 'device' | 'x'>,
): ContinuousAggregate =>
  continuousAggregate('plant.daily', {
    from,
    bucket: '1 day',
    groupBy: [],
    select: { y: x },
    realTime: false,
    refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
  });
const device = (more: Readonly<Record<string, Column>> = {}) =>
  table('plant.device', { columns: { name: text(), ...more }, primaryKey: ['name'] });
const missingType = { ...integer(), type: 'plant.mood' };

const base = hourly(sum('value'));
const cases: readonly (readonly [string, SchemaSet['objects'], string, string, string])[] = [
  [
    'a column in an expression of an aggregate',
    [plain, hourly(sql('sum(missing)'))],
    'plant.hourly',
    'its query',
    'column "missing" does not exist',
  ],
  [
    'a function in an expression of an aggregate',
    [plain, hourly(sql('plant.twice(sum(value))'))],
    'plant.hourly',
    'its query',
    'function plant.twice(double precision) does not exist',
  ],
  [
    'a column in an aggregate on an aggregate',
    [plain, base, daily(sql('sum(value)'), base)],
    'plant.daily',
    'its query',
    'column "value" does not exist',
  ],
  [
    'a column in an index of an expression',
    [reading([index(expression('lower(missing)'))])],
    'plant.reading',
    'its index btree ((lower(missing)))',
    'column "missing" does not exist',
  ],
  [
    'a column in the condition of an index',
    [reading([partial(index('device'), 'missing > 1')])],
    'plant.reading',
    'its index btree (device) WHERE missing > 1',
    'column "missing" does not exist',
  ],
  [
    'a type of a new table',
    [reading(), device({ mood: missingType })],
    'plant.device',
    'its column types and defaults',
    'type "plant.mood" does not exist',
  ],
  [
    'a function in a default of a new table',
    [reading(), device({ size: integer().default('plant.size()') })],
    'plant.device',
    'its column types and defaults',
    'function plant.size() does not exist',
  ],
  [
    'a table in a function',
    [
      reading(),
      sqlFunction('plant.sizes', {
        args: '',
        returns: 'bigint',
        volatility: 'stable',
        body: 'SELECT count(*) FROM plant.missing',
      }),
    ],
    'plant.sizes',
    'the function',
    'relation "plant.missing" does not exist',
  ],
];

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (_engine, server) => {
  let database: TestDatabase;
  afterEach(() => database.drop());

  it.each(cases)('%s is found while planning, in a new database and in one that exists', async (...one) => {
    const [, objects, object, what, why] = one;
    for (const template of [undefined, applied([schemaSet('plant', [reading()])])]) {
      database = await createTestDatabase(server, template);
      const plan = await planSets(database.url, [schemaSet('plant', objects)]);
      expect(plan.refusals).toEqual([
        {
          object,
          what: `${what} cannot be created as declared`,
          why,
          wayOut: expect.stringMatching(/correct/),
        },
      ]);
      await expect(applySets(database.url, [schemaSet('plant', objects)])).rejects.toMatchObject({
        exitCode: 3,
      });
      expect(
        await select(database.url, `SELECT FROM pg_class WHERE relname IN ('hourly', 'device')`),
      ).toEqual([]);
      if (template === undefined) await database.drop();
    }
  });

  it('a type of a column that is added to a table is found', async () => {
    database = await createTestDatabase(server, applied([schemaSet('plant', [device()])]));
    const plan = await planSets(database.url, [schemaSet('plant', [device({ mood: missingType })])]);
    expect(plan.refusals.map(({ why }) => why)).toEqual(['type "plant.mood" does not exist']);
  });

  it.each(['a column that is added to an aggregate', 'a column of an aggregate that is built anew'])(
    '%s is found',
    async (name) => {
      database = await createTestDatabase(server, applied([schemaSet('plant', [plain, base])]));
      const added = name.includes('added')
        ? { ...base.select, y: sql('sum(missing)') }
        : { x: sql('sum(missing)') };
      const changed = {
        ...base,
        select: added,
        columnNames: ['bucket', 'device', ...Object.keys(added)],
      } as ContinuousAggregate;
      const plan = await planSets(database.url, [schemaSet('plant', [plain, changed])]);
      expect(plan.refusals.map(({ object, why }) => [object, why])).toEqual([
        ['plant.hourly', 'column "missing" does not exist'],
      ]);
    },
  );

  it('what another step creates first is known', async () => {
    database = await createTestDatabase(server);
    const twice = sqlFunction('plant.twice', {
      args: 'x float8',
      returns: 'float8',
      volatility: 'immutable',
      body: 'SELECT 2 * x',
    });
    const source = reading([index(expression('plant.twice(value)'))]);
    const sets = [schemaSet('plant', [twice, source, hourly(sql('sum(plant.twice(value))'), source)])];
    expect((await planSets(database.url, sets)).refusals).toEqual([]);
    await applySets(database.url, sets);
    expect((await planSets(database.url, sets)).steps).toEqual([]);
  });
});

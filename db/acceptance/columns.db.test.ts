// What happens to the columns of tables that exist: on both engines, with rows and without.
import {
  bigint,
  type Column,
  float8,
  integer,
  jsonb,
  numeric,
  text,
  timestamptz,
  uuid,
  varchar,
} from '../columns';
import { createTestDatabase, testServers } from '../local/test-servers';
import { applySets, execute, planSets, select } from '../testing/apply';
import { filled, filledAnd, ROWS, tableSet, withAggregate } from '../testing/columns-sets';
import { type ReconcilerCase, runCases } from '../testing/run-cases';

const some = (column: Column): ReturnType<typeof tableSet> => tableSet({ columns: { extra: column } });
/** A change of the one column `extra`, with a value for old rows. */
const change = (from: Column, to: Column, value: string): Pick<ReconcilerCase, 'from' | 'to' | 'drift'> => ({
  from: [some(from)],
  to: [some(to)],
  drift: filledAnd(`UPDATE plant.metric SET extra = ${value}`),
});
const type = (name: string): Column => ({ type: name, nullable: true });

const added = ['add-column:plant.metric.extra'];
const retyped = ['column-type:plant.metric.extra'];

const adding: readonly ReconcilerCase[] = [
  {
    name: 'adds a nullable column to rows',
    from: [tableSet()],
    drift: filled,
    to: [some(text())],
    steps: added,
  },
  {
    name: 'adds a nullable column with a constant default to rows',
    from: [tableSet()],
    drift: filled,
    to: [some(integer().default('7'))],
    steps: added,
  },
  {
    name: 'adds a NOT NULL column with a constant default to rows',
    from: [tableSet()],
    drift: filled,
    to: [some(jsonb().notNull().default(`'{}'`))],
    steps: added,
  },
  {
    name: 'adds a NOT NULL column without a default to an empty table',
    from: [tableSet()],
    to: [some(text().notNull())],
    steps: added,
  },
  {
    name: 'refuses a NOT NULL column without a default where there are rows',
    from: [tableSet()],
    drift: filled,
    to: [some(text().notNull())],
    steps: [],
    refusals: ['plant.metric column extra is missing and is declared NOT NULL without a default'],
  },
  {
    name: 'says that a default of its own for each row rewrites the table',
    from: [tableSet()],
    drift: filled,
    to: [some(uuid().notNull().default('gen_random_uuid()'))],
    steps: added,
    hazards: ['blocks-reads', 'rewrites-data'],
  },
  {
    name: 'adds a column with a default of its own for each row to an empty table',
    from: [tableSet()],
    to: [some(float8().default('random()'))],
    steps: added,
  },
  {
    name: 'adds the time of the change to old rows without a rewrite',
    from: [tableSet({ columnstore: 'off' })],
    drift: filled,
    to: [tableSet({ columnstore: 'off', columns: { extra: timestamptz().notNull().default('now()') } })],
    steps: added,
  },
  {
    name: 'says that the time of the change rewrites rows where columnstore is on',
    from: [tableSet()],
    drift: filled,
    to: [some(timestamptz().notNull().default('now()'))],
    steps: added,
    hazards: ['blocks-reads', 'rewrites-data'],
    engines: ['timescaledb'],
  },
  {
    name: 'refuses a default that the server does not understand',
    from: [tableSet()],
    to: [some(integer().default('no_such_function()'))],
    steps: [],
    refusals: ['plant.metric column extra is missing and the server does not understand its declaration'],
  },
];

const types: readonly ReconcilerCase[] = [
  { name: 'widens varchar in place', ...change(varchar(50), varchar(100), `'x'`), steps: retyped },
  { name: 'turns varchar into text in place', ...change(varchar(50), text(), `'x'`), steps: retyped },
  {
    name: 'turns text into varchar by reading every row',
    ...change(text(), varchar(50), `'x'`),
    steps: retyped,
    hazards: ['blocks-reads', 'rewrites-data'],
  },
  {
    name: 'says that integer to bigint rewrites rows',
    ...change(integer(), bigint(), '1'),
    steps: retyped,
    hazards: ['blocks-reads', 'rewrites-data'],
  },
  {
    name: 'changes a type together with its default',
    ...change(integer().default('0'), bigint().default('0'), '1'),
    steps: retyped,
    hazards: ['blocks-reads', 'rewrites-data'],
  },
  {
    name: 'changes a type of an empty table without a hazard',
    from: [some(integer())],
    to: [some(bigint())],
    steps: retyped,
  },
  {
    name: 'says that fractions are lost',
    ...change(float8(), integer(), '1.5'),
    steps: retyped,
    hazards: ['blocks-reads', 'deletes-data', 'rewrites-data'],
  },
  {
    name: 'finds that whole numbers survive',
    ...change(float8(), integer(), '2'),
    steps: retyped,
    hazards: ['blocks-reads', 'rewrites-data'],
  },
  {
    name: 'widens the precision of numeric in place',
    ...change(type('numeric(10,2)'), type('numeric(12,2)'), '1.25'),
    steps: retyped,
  },
  {
    name: 'refuses a varchar that values do not fit into',
    ...change(text(), varchar(3), `'longer'`),
    steps: [],
    refusals: ['plant.metric column extra has type text, declared character varying(3)'],
  },
  {
    name: 'refuses an integer that values do not fit into',
    ...change(bigint(), integer(), '3000000000'),
    steps: [],
    refusals: ['plant.metric column extra has type bigint, declared integer'],
  },
  {
    name: 'refuses a type without a cast of its own',
    ...change(text(), integer(), `'1'`),
    steps: [],
    refusals: ['plant.metric column extra has type text, declared integer'],
  },
  {
    name: 'refuses another type for a column that an aggregate uses',
    from: [withAggregate()],
    to: [withAggregate({ columns: { value: numeric() } })],
    steps: [],
    refusals: ['plant.metric column value has type double precision, declared numeric'],
  },
  {
    name: 'refuses to give the time column another type',
    from: [tableSet()],
    drift: ['ALTER TABLE plant.metric ALTER COLUMN at TYPE timestamp'],
    to: [tableSet()],
    refusals: ['plant.metric column at has type timestamp without time zone'],
    engines: ['timescaledb'],
  },
];

const defaultsAndNulls: readonly ReconcilerCase[] = [
  {
    name: 'sets a default',
    ...change(integer(), integer().default('5'), '1'),
    steps: ['column-default:plant.metric.extra'],
  },
  {
    name: 'changes a default',
    ...change(text().default(`'a'`), text().default(`'b'`), `'c'`),
    steps: ['column-default:plant.metric.extra'],
  },
  {
    name: 'drops a default that is not declared',
    ...change(timestamptz().default('now()'), timestamptz(), 'now()'),
    steps: ['column-default:plant.metric.extra'],
  },
  {
    name: 'says that refusing NULL reads every row',
    ...change(integer(), integer().notNull(), '1'),
    steps: ['column-not-null:plant.metric.extra'],
    hazards: ['blocks-writes'],
  },
  {
    name: 'refuses NULL in an empty table without a hazard',
    from: [some(integer())],
    to: [some(integer().notNull())],
    steps: ['column-not-null:plant.metric.extra'],
  },
  {
    name: 'refuses NOT NULL where rows have no value',
    ...change(integer(), integer().notNull(), 'nullif(level, 3)'),
    steps: [],
    refusals: ['plant.metric column extra allows NULL, declared NOT NULL'],
  },
  {
    name: 'allows NULL again',
    ...change(integer().notNull().default('1'), integer().default('1'), '1'),
    steps: ['column-nullable:plant.metric.extra'],
  },
  {
    name: 'sets default and NOT NULL of a column, and the type of another',
    from: [tableSet({ columns: { extra: integer(), other: varchar(5) } })],
    drift: filledAnd('UPDATE plant.metric SET extra = 1'),
    to: [tableSet({ columns: { extra: integer().notNull().default('1'), other: varchar(9) } })],
    steps: [
      'column-default:plant.metric.extra',
      'column-not-null:plant.metric.extra',
      'column-type:plant.metric.other',
    ],
    hazards: ['blocks-writes'],
  },
  {
    name: 'refuses a column that the server generates',
    from: [tableSet()],
    drift: ['ALTER TABLE plant.metric ADD COLUMN extra int GENERATED ALWAYS AS (level * 2) STORED'],
    to: [tableSet({ columnstore: 'off', columns: { extra: integer() } })],
    refusals: ['plant.metric column extra is generated by the server'],
    engines: ['postgres'],
  },
];

/** Types and defaults as people write them, none the way the server prints it. */
const SPELLINGS: Readonly<Record<string, Column>> = Object.fromEntries(
  (
    [
      ['jsonb', `'{}'`],
      ['jsonb', `'[]'::jsonb`],
      ['varchar(20)', `'a'`],
      ['char(3)', `'abc'`],
      ['text', `'it''s'`],
      ['int', '0'],
      ['int8', '0'],
      ['smallint', '-1'],
      ['float8', '1.5'],
      ['real', '0'],
      ['decimal(10, 2)', '0'],
      ['bool', 'false'],
      ['timestamptz', 'now()'],
      ['timestamptz(3)', 'current_timestamp'],
      ['timestamp', `'2026-01-01'`],
      ['date', 'current_date'],
      ['interval', `'1 day'`],
      ['uuid', 'gen_random_uuid()'],
      ['inet', `'127.0.0.1'`],
      ['point', `'(1,2)'`],
      ['text[]', `'{}'`],
      ['int4', '(1 + 1)'],
      ['bytea', `'\\x00'`],
      ['json', `'{}'`],
    ] as const
  ).map(([name, defaultSql], at) => [`c${at}`, { type: name, nullable: true, defaultSql }]),
);

const spellings: readonly ReconcilerCase[] = [
  {
    name: 'sees no drift in other spellings of the same types and defaults',
    from: [tableSet({ columns: SPELLINGS, columnstore: 'off' })],
    to: [tableSet({ columns: SPELLINGS, columnstore: 'off' })],
    steps: [],
  },
  {
    name: 'adds columns of every spelling',
    from: [tableSet({ columnstore: 'off' })],
    to: [tableSet({ columns: SPELLINGS, columnstore: 'off' })],
    steps: Object.keys(SPELLINGS).map((name) => `add-column:plant.metric.${name}`),
  },
];

describe('cases', () => runCases([...adding, ...types, ...defaultsAndNulls, ...spellings]));

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  const withDatabase = async (work: (url: string) => Promise<void>): Promise<void> => {
    const database = await createTestDatabase(server);
    await work(database.url);
    await database.drop();
  };

  it('keeps every row and value, and says how much it rewrites', () =>
    withDatabase(async (url) => {
      await applySets(url, [some(integer())]);
      await execute(url, ...filled[engine], 'UPDATE plant.metric SET extra = level');
      const before = await select(url, 'SELECT at, device, value, extra FROM plant.metric ORDER BY at');

      const plan = await planSets(url, [some(bigint())]);
      const [step] = plan.steps;
      // Sixty rows in five days, estimated from pages: the order of magnitude is what counts.
      expect(step?.impact?.chunks).toBe(5);
      expect(step?.impact?.rows).toBeGreaterThan(ROWS / 2);
      expect(step?.impact?.bytes).toBeGreaterThanOrEqual(5 * 8192);
      expect(step?.hazards[0]?.reason).toMatch(
        /^writes 5 chunks, about \d+ rows, 0\.\d MiB of plant\.metric again$/,
      );

      await applySets(url, [some(bigint())], ['rewrites-data', 'blocks-reads']);
      const after = await select(url, 'SELECT at, device, value, extra::int FROM plant.metric ORDER BY at');
      expect(after).toEqual(before);
      expect(after).toHaveLength(ROWS);
    }));

  it('gives old rows the default of a new column, each its own where it is volatile', () =>
    withDatabase(async (url) => {
      await applySets(url, [tableSet()]);
      await execute(url, ...filled[engine]);
      const columns = {
        fixed: integer().notNull().default('7'),
        own: uuid().notNull().default('gen_random_uuid()'),
      };
      await applySets(url, [tableSet({ columns })], ['rewrites-data', 'blocks-reads']);
      expect(
        await select(
          url,
          'SELECT count(*)::int AS rows, count(fixed)::int AS fixed, count(DISTINCT own)::int AS own FROM plant.metric',
        ),
      ).toEqual([{ rows: ROWS, fixed: ROWS, own: ROWS }]);
    }));

  it('does not use up numbers of a sequence while planning', () =>
    withDatabase(async (url) => {
      await applySets(url, [tableSet({ columnstore: 'off' })]);
      await execute(url, ...filled[engine], 'CREATE SEQUENCE plant.numbers');
      const numbered = tableSet({
        columnstore: 'off',
        columns: { extra: bigint().notNull().default(`nextval('plant.numbers')`) },
      });
      await planSets(url, [numbered]);
      await applySets(url, [numbered], ['rewrites-data', 'blocks-reads']);
      expect(
        await select(url, 'SELECT min(extra)::int AS low, max(extra)::int AS high FROM plant.metric'),
      ).toEqual([{ low: 1, high: ROWS }]);
      expect((await planSets(url, [numbered])).steps).toEqual([]);
    }));

  it('lists undeclared columns and constraints, and leaves them alone', () =>
    withDatabase(async (url) => {
      await applySets(url, [tableSet({ columnstore: 'off' })]);
      await execute(
        url,
        'ALTER TABLE plant.metric ADD COLUMN note text',
        'ALTER TABLE plant.metric ADD CONSTRAINT positive CHECK (value > 0)',
        'ALTER TABLE plant.metric ADD CONSTRAINT once UNIQUE (device, at)',
        'CREATE TABLE plant.device (name text PRIMARY KEY)',
        'ALTER TABLE plant.metric ADD CONSTRAINT known FOREIGN KEY (device) REFERENCES plant.device',
      );
      const plan = await planSets(url, [tableSet({ columnstore: 'off' })]);
      expect(plan.undeclared).toEqual([
        'column note of plant.metric',
        'foreign key constraint known of plant.metric',
        'unique constraint once of plant.metric',
        'check constraint positive of plant.metric',
      ]);
      expect({ steps: plan.steps, refusals: plan.refusals }).toEqual({ steps: [], refusals: [] });
    }));

  it('names who uses a column, and the way out', () =>
    withDatabase(async (url) => {
      await applySets(url, [withAggregate()]);
      await execute(url, 'CREATE VIEW plant.latest AS SELECT max(value) AS value FROM plant.metric');
      const { refusals } = await planSets(url, [withAggregate({ columns: { value: numeric() } })]);
      expect(refusals).toEqual([
        expect.objectContaining({
          why: expect.stringMatching(/^plant\.hourly, plant\.latest use it/),
          wayOut: expect.stringContaining('under another name'),
        }),
      ]);
    }));
});

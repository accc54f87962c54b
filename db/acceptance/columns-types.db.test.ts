// Types of columns: changed in place, by a rewrite, or refused; and spellings that mean the same.
import { bigint, type Column, float8, integer, numeric, text, varchar } from '../language/columns';
import { changeOf, some, tableSet, withAggregate } from '../testing/columns-sets';
import { type ReconcilerCase, runCases } from '../testing/run-cases';

const type = (name: string): Column => ({ type: name, nullable: true });

const retyped = ['column-type:plant.metric.extra'];

const types: readonly ReconcilerCase[] = [
  { name: 'widens varchar in place', ...changeOf(varchar(50), varchar(100), `'x'`), steps: retyped },
  { name: 'turns varchar into text in place', ...changeOf(varchar(50), text(), `'x'`), steps: retyped },
  {
    name: 'turns text into varchar by reading every row',
    ...changeOf(text(), varchar(50), `'x'`),
    steps: retyped,
    hazards: ['blocks-reads', 'rewrites-data'],
  },
  {
    name: 'says that integer to bigint rewrites rows',
    ...changeOf(integer(), bigint(), '1'),
    steps: retyped,
    hazards: ['blocks-reads', 'rewrites-data'],
  },
  {
    name: 'changes a type together with its default',
    ...changeOf(integer().default('0'), bigint().default('0'), '1'),
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
    ...changeOf(float8(), integer(), '1.5'),
    steps: retyped,
    hazards: ['blocks-reads', 'deletes-data', 'rewrites-data'],
  },
  {
    name: 'finds that whole numbers survive',
    ...changeOf(float8(), integer(), '2'),
    steps: retyped,
    hazards: ['blocks-reads', 'rewrites-data'],
  },
  {
    name: 'widens the precision of numeric in place',
    ...changeOf(type('numeric(10,2)'), type('numeric(12,2)'), '1.25'),
    steps: retyped,
  },
  {
    name: 'refuses a varchar that values do not fit into',
    ...changeOf(text(), varchar(3), `'longer'`),
    steps: [],
    refusals: ['plant.metric column extra has type text, declared character varying(3)'],
  },
  {
    name: 'refuses an integer that values do not fit into',
    ...changeOf(bigint(), integer(), '3000000000'),
    steps: [],
    refusals: ['plant.metric column extra has type bigint, declared integer'],
  },
  {
    name: 'refuses a type without a cast of its own',
    ...changeOf(text(), integer(), `'1'`),
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

runCases([...types, ...spellings]);

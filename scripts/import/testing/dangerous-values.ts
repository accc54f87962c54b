// For tests: a table with every type of column, and values that could break its figures, as each way in has them.
import { continuousAggregate } from '../../../db/language/aggregate';
import {
  bigint,
  float8,
  integer,
  jsonb,
  numeric,
  real,
  smallint,
  text,
  timestamptz,
} from '../../../db/language/columns';
import { desiredFrom } from '../../../db/language/desired';
import { avg, count, max, min, minus, stddev, sum } from '../../../db/language/expressions';
import { hypertable } from '../../../db/language/hypertable';
import { index } from '../../../db/language/indexes';
import { rollup } from '../../../db/language/rollup';
import { schemaSet } from '../../../db/language/schema-set';
import { service } from '../../../db/schema/service';

export const doors = hypertable('doors', {
  columns: {
    time: timestamptz().notNull(),
    label: text().notNull(),
    id: text().notNull(),
    f: float8(),
    r: real(),
    n: numeric(),
    i: integer(),
    s: smallint(),
    b: bigint(),
    j: jsonb(),
    t: text(),
  },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [index('id', 'time')],
});
export const NUMBERS = ['f', 'r', 'n', 'i', 's', 'b'] as const;
const hourly = continuousAggregate('doors_hourly', {
  from: doors,
  bucket: '1 hour',
  groupBy: ['id'],
  select: {
    rows: count(),
    ...Object.fromEntries(
      NUMBERS.flatMap((name) => [
        [`sum_${name}`, sum(name)],
        [`count_${name}`, count(name)],
        [`avg_${name}`, avg(name)],
        [`min_${name}`, min(name)],
        [`max_${name}`, max(name)],
      ]),
    ),
  },
  realTime: true,
  refresh: { startOffset: '5 days', endOffset: '1 hour', every: '1 hour' },
});
const daily = rollup('doors_daily', {
  from: hourly,
  bucket: '1 day',
  refresh: { startOffset: '5 days', endOffset: '1 day', every: '1 day' },
});
const spread = continuousAggregate('doors_spread', {
  from: doors,
  bucket: '1 day',
  groupBy: [],
  select: Object.fromEntries(
    NUMBERS.flatMap((name) => [
      [`sd_${name}`, stddev(name)],
      [`range_${name}`, minus(max(name), min(name))],
    ]),
  ),
  realTime: true,
  refresh: { startOffset: '5 days', endOffset: '1 day', every: '1 day' },
});
export const desired = desiredFrom([schemaSet('doors', [doors, hourly, daily, spread]), service]);

/** A value, as each door has it; a door that has no form for it is left out. `stored` is what the column then holds; absent = refused. */
export interface Case {
  readonly column: keyof typeof doors.columns;
  readonly json?: string;
  readonly csv?: string;
  readonly line?: string;
  /** For programs; a number unless it is given. */
  readonly value?: unknown;
  readonly stored?: string;
}
const number = (column: Case['column'], written: string, more: Partial<Case> = {}): Case => ({
  column,
  json: written,
  csv: written,
  line: written,
  value: Number(written),
  ...more,
});
/** A number that a program or a line has only as a whole one. */
const whole = (column: Case['column'], written: string, more: Partial<Case> = {}): Case =>
  number(column, written, { line: `${written}i`, value: BigInt(written), ...more });
const word = (column: Case['column'], written: string): Case => ({
  column,
  json: JSON.stringify(written),
  csv: written,
  line: written,
  value: Number(written),
});
const document = (json: string, stored?: string): Case => ({
  column: 'j',
  json,
  csv: `"${json.replaceAll('"', '""')}"`,
  ...(stored === undefined ? {} : { stored }),
});
const name = (id: string): Case => ({ column: 'id', json: JSON.stringify(id), csv: `"${id}"`, value: id });

export const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
export const CASES: readonly Case[] = [
  ...['1.7976931348623157e308', '-1.7e308', '1.1e140', '5e-324', '-9e-291'].flatMap((written) =>
    (['f', 'n'] as const).map((column) => number(column, written)),
  ),
  ...['1e400', '1e-400'].flatMap((written) =>
    (['f', 'r', 'n', 'i'] as const).map((column) => ({ column, json: written, csv: written, line: written })),
  ),
  ...['NaN', 'Infinity', '-Infinity', 'inf', 'nan'].flatMap((written) =>
    (['f', 'r', 'n'] as const).map((column) => word(column, written)),
  ),
  number('f', '1e140', { stored: '1e+140' }),
  number('f', '-1e140', { stored: '-1e+140' }),
  number('f', '1e-290', { stored: '1e-290' }),
  number('f', '0.1', { stored: '0.1' }),
  { column: 'f', json: '-0', csv: '-0', line: '-0', stored: '-0' },
  number('f', '9007199254740992', { stored: '9.007199254740992e+15' }),
  whole('f', '9007199254740993'),
  { column: 'f', json: '18446744073709551615', csv: '18446744073709551615', line: '18446744073709551615u' },
  { column: 'f', csv: '0x1p-1074' },
  { column: 'f', csv: '0x1p1023' },
  number('r', '1e25', { stored: '1e+25' }),
  number('r', '3.4e38'),
  number('r', '1e39'),
  number('r', '1e-46'),
  whole('r', '9007199254740993'),
  { column: 'n', csv: '1_0', stored: '10' },
  number('n', '1e140', { stored: `1${'0'.repeat(140)}` }),
  whole('n', '9007199254740993', { stored: '9007199254740993' }),
  {
    column: 'n',
    json: '12345678901234567890.1234567890123',
    csv: '12345678901234567890.1234567890123',
    value: '12345678901234567890.1234567890123',
    stored: '12345678901234567890.1234567890123',
  },
  { column: 'n', json: `"${'1'.repeat(1_001)}"`, csv: '1'.repeat(1_001), value: '1'.repeat(1_001) },
  whole('i', '2147483647', { stored: '2147483647', value: 2_147_483_647 }),
  whole('i', '2147483648', { value: 2_147_483_648 }),
  number('i', '1.5'),
  whole('i', '9007199254740993'),
  whole('s', '-32768', { stored: '-32768', value: -32_768 }),
  whole('s', '32768', { value: 32_768 }),
  whole('b', '9223372036854775807', { stored: '9223372036854775807' }),
  whole('b', '9007199254740993', { stored: '9007199254740993' }),
  whole('b', '9223372036854775808', { line: '9223372036854775808u' }),
  document('{"n":9007199254740993}', '{"n": 9007199254740993}'),
  document('[18446744073709551615,0.10000000000000000001]', '[18446744073709551615, 0.10000000000000000001]'),
  document('{"__proto__":{"a":1}}', '{"__proto__": {"a": 1}}'),
  document('{"a":1e400}'),
  document('{"a":1,"a":2}'),
  document('{"a":{"b":1,"b":2}}'),
  document('{"a":"\\u0000"}'),
  document('{"\\u0000":1}'),
  document('{"a":"\\ud800"}'),
  document(`${'['.repeat(600)}${']'.repeat(600)}`),
  { column: 't', json: '"a\\u0000b"', csv: 'a\0b', value: 'a\0b' },
  { column: 't', json: '"\\ud800"', value: '\ud800' },
  { column: 't', json: '""', csv: '""', value: '', stored: '' },
  ...['', ' ', '\t', '\u00a0', '.', '..'].map(name),
  { ...name('...'), stored: '...' },
  { ...name('温度'), stored: '温度' },
  {
    column: 'time',
    json: `"${yesterday}T23:59:60Z"`,
    csv: `${yesterday}T23:59:60Z`,
    value: `${yesterday}T23:59:60Z`,
    stored: `${new Date(Date.parse(yesterday) + 86_400_000).toISOString().slice(0, 10)} 00:00:00+00`,
  },
  {
    column: 'time',
    json: `"${yesterday}T23:59:61Z"`,
    csv: `${yesterday}T23:59:61Z`,
    value: `${yesterday}T23:59:61Z`,
  },
];

export const time = `${yesterday}T12:00:00Z`;
export const jsonRow = (label: string, { column, json }: Case): string => {
  const row = { time: JSON.stringify(time), label: JSON.stringify(label), id: '"x"', [column]: json };
  return `{${Object.entries(row)
    .map(([key, value]) => `"${key}":${value}`)
    .join()}}`;
};
export const csvRow = (label: string, { column, csv }: Case): string => {
  const row: Record<string, string | undefined> = { time, label, id: 'x', [column]: csv };
  return doors.columnNames.map((one) => row[one] ?? '').join();
};

// Messages of rows: the inverse of the map of a stream, and messages that are broken on purpose.
import {
  boolean,
  float8,
  integer,
  jsonb,
  numeric,
  text,
  timestamptz,
  uuid,
} from '../../../db/language/columns';
import { hypertable } from '../../../db/language/hypertable';
import { stream } from '../../../db/language/stream';
import { messageMaker } from './produce-message';

const readings = hypertable('plant.readings', {
  columns: {
    time: timestamptz().notNull(),
    device_id: uuid().notNull(),
    site: text().notNull(),
    value: float8(),
    price: numeric(),
    good: boolean(),
    labels: jsonb(),
  },
  time: 'time',
  chunkInterval: '1 day',
});

const TIME = '2026-11-01T12:00:00.500Z';
const ID = '6b1f1c4e-0d5e-4a53-a8f3-0123456789ab';
const cells = [TIME, ID, 'north "1"', '20.50', '12345678901234567890.10', 't', '{"a": [1, 2]}'];

describe('a message of a row', () => {
  it('has members named like the columns, every digit of a number, and the first identifier as its key', () => {
    const { message } = messageMaker(stream('plant', readings));
    expect(message(cells)).toEqual({
      key: ID,
      value: `{"time":"${TIME}","device_id":"${ID}","site":"north \\"1\\"","value":20.50,"price":12345678901234567890.10,"good":true,"labels":{"a": [1, 2]}}`,
      headers: {},
    });
    expect(message([TIME, ID, 's', null, null, null, null]).value).toBe(
      `{"time":"${TIME}","device_id":"${ID}","site":"s"}`,
    );
  });

  it('has its values where the map looks for them', () => {
    const { message } = messageMaker(
      stream('plant', readings, {
        key: 'device_id',
        map: { site: '$headers.site', value: 'reading.values.mean', price: 'reading.price' },
        timeUnit: 'us',
        others: { column: 'labels' },
      }),
    );
    expect(message(cells)).toEqual({
      key: ID,
      value:
        '{"time":1793534400500000,"reading":{"values":{"mean":20.50},"price":12345678901234567890.10},"good":true,"a": [1, 2]}',
      headers: { site: 'north "1"' },
    });
    expect(JSON.parse(message([TIME, ID, 's', null, null, null, '{}']).value)).toEqual({
      time: 1793534400500000,
      reading: { values: {} },
    });
  });

  it('can be a bare value, with the time of the broker and members in the key', () => {
    const small = hypertable('plant.small', {
      columns: { time: timestamptz().notNull(), site: text().notNull(), line: integer(), value: float8() },
      time: 'time',
      chunkInterval: '1 day',
    });
    const { message, poisons } = messageMaker(
      stream('small', small, {
        map: { time: '$timestamp', site: '$key.site', line: '$key.line', value: '$value' },
      }),
    );
    expect(message([TIME, 'north', '3', '20.5'])).toEqual({
      key: '{"site":"north","line":3}',
      value: '20.5',
      headers: {},
      timestamp: '1793534400500',
    });
    expect(poisons).toEqual(['not JSON', 'number out of range']);
    expect(message([TIME, 'north', '3', '20.5'], 'number out of range').value).toBe('1e999');
  });

  it('can be broken in each way that the stream refuses, under the same key', () => {
    const { message, poisons } = messageMaker(stream('plant', readings));
    expect(poisons).toEqual(['not JSON', 'missing column', 'unknown column', 'number out of range']);
    expect(() => JSON.parse(message(cells, 'not JSON').value) as unknown).toThrow(SyntaxError);
    expect(message(cells, 'missing column').value).not.toContain('"site"');
    expect(JSON.parse(message(cells, 'unknown column').value)).toMatchObject({
      no_such_column: 1,
      site: 'north "1"',
    });
    expect(message(cells, 'number out of range').value).toContain('"price":1e999');
    expect(new Set(poisons.map((kind) => message(cells, kind).key))).toEqual(new Set([ID]));
    expect(messageMaker(stream('plant', readings, { others: 'ignore' })).poisons).not.toContain(
      'unknown column',
    );
  });

  it('is JSON only', () => {
    expect(() => messageMaker(stream('plant', readings, { format: 'avro' }))).toThrow(
      /topic plant has format avro.* --topic/,
    );
  });
});

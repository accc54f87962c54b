import fc from 'fast-check';
import { ExactNumber, writeJson } from '../../db/core/exact-json';
import { float8, jsonb, numeric, text, timestamptz } from '../../db/language/columns';
import { hypertable } from '../../db/language/hypertable';
import { mqttStream, stream } from '../../db/language/stream';
import { sensorData } from '../../db/schema/iot';
import { rowReader } from '../ingest/read/row-reader';
import { messageReader } from './message-reader';
import { messageOf, readOf, TIMESTAMP } from './testing/messages';

const time = '2026-11-20T12:00:00Z';
const readings = hypertable('reading', {
  columns: {
    time: timestamptz().notNull(),
    device: text().notNull(),
    value: float8(),
    amount: numeric(),
    rest: jsonb(),
  },
  time: 'time',
  chunkInterval: '1 day',
});

describe('values that are rows', () => {
  const reader = messageReader(stream('plant.readings', sensorData));

  it('are taken as they are, with their message', () => {
    const message = messageOf({ time, sensor_id: 'a', temperature: 21.5 });
    expect(reader.rows(message)).toEqual([
      {
        line: 1,
        source: { message, broker: 'kafka', line: 1, hasOwnTime: true },
        value: { time, sensor_id: 'a', temperature: 21.5 },
      },
    ]);
  });

  it('become one row each where they are an array', () => {
    const message = messageOf([{ sensor_id: 'a' }, 5]);
    const of = { message, broker: 'kafka', isOneOfMany: true, hasOwnTime: false };
    expect(reader.rows(message)).toEqual([
      { line: 1, source: { ...of, line: 1, decoded: { sensor_id: 'a' } }, value: { sensor_id: 'a' } },
      { line: 2, source: { ...of, line: 2, decoded: 5 }, value: 5 },
    ]);
  });

  it('keep numbers exactly', () => {
    const [row] = messageReader(stream('t', readings)).rows(
      messageOf('{"amount":12345678901234567.890123456789}'),
    );
    expect((row?.value as { amount?: ExactNumber } | undefined)?.amount?.value).toBe(
      '12345678901234567.890123456789',
    );
  });

  it('come with the header of Confluent as well, and with a byte order mark', () => {
    const header = Buffer.from([0, 0, 0, 0, 7]);
    expect(readOf(reader, messageOf(Buffer.concat([header, Buffer.from('{"a":1}')])))).toEqual([{ a: 1 }]);
    expect(readOf(reader, messageOf('\uFEFF{"a":1}'))).toEqual([{ a: 1 }]);
  });

  it('are unpacked from the envelope of Kafka Connect, and only from that', () => {
    const schema = { type: 'struct', fields: [] };
    expect(readOf(reader, messageOf({ schema, payload: { a: 1 } }))).toEqual([{ a: 1 }]);
    expect(readOf(reader, messageOf({ schema: null, payload: { a: 1 } }))).toEqual([{ a: 1 }]);
    for (const value of [
      { schema, payload: { a: 1 }, more: 1 },
      { schema: 'x', payload: {} },
      { schema: { type: 'x' }, payload: {} },
      { payload: { a: 1 } },
    ])
      expect(readOf(reader, messageOf(value))).toEqual([value]);
  });

  it.each([
    [null, 'the message has no value'],
    [Buffer.alloc(0), 'the message has no value'],
    [Buffer.from('null'), 'the value is null'],
    [Buffer.from('[]'), 'the array has no rows'],
    [Buffer.from('{"a":1'), expect.stringMatching(/^the value is not JSON: /)],
    [Buffer.from('{"a":1,"a":2}'), expect.stringContaining('the key "a" is given twice')],
    [Buffer.from([0x22, 0xff, 0x22]), 'it is not UTF-8'],
    [Buffer.from([0, 0, 0, 0, 7]), expect.stringMatching(/^the value is not JSON: /)],
    [Buffer.from('['.repeat(100_000)), expect.stringMatching(/^the value is not JSON: /)],
  ])('are none in %j', (value, reason) => {
    const message = { ...messageOf(''), value };
    expect(reader.rows(message)).toEqual([
      { line: 1, source: { message, broker: 'kafka', line: 1, hasOwnTime: false }, reason },
    ]);
  });
});

describe('maps', () => {
  const parts = messageOf(
    { device: { id: 'press', on: true }, readings: [21.5, { v: 3 }], temp: 1 },
    {
      key: Buffer.from('{"plant":"graz","n":12345678901234567890}'),
      headers: [
        ['site', Buffer.from('old')],
        ['site', Buffer.from('7')],
        ['bad', Buffer.from([0xff])],
      ],
    },
  );
  const mapped = (map: Parameters<typeof stream<keyof typeof readings.columns>>[2]) =>
    readOf(messageReader(stream('t', readings, map)), parts)[0];

  it('lead into the value and its arrays', () => {
    const map = { device: 'device.id', value: 'readings.0', amount: 'readings.1.v', time: 'temp' };
    expect(mapped({ map, timeUnit: 's', others: 'ignore' })).toEqual({
      time: '1970-01-01T00:00:01.000Z',
      device: 'press',
      value: 21.5,
      amount: 3,
    });
  });

  it('take the key, its members, headers and the time of the message', () => {
    expect(
      mapped({
        map: { device: '$key.plant', value: '$headers.site', amount: '$key.n', time: '$timestamp' },
        others: 'ignore',
      }),
    ).toEqual({
      time: '2026-11-20T12:00:00.250Z',
      device: 'graz',
      value: 7,
      amount: new ExactNumber('12345678901234567890'),
    });
    expect(mapped({ key: 'device', others: 'ignore' })).toEqual({
      device: '{"plant":"graz","n":12345678901234567890}',
    });
    expect(mapped({ map: { rest: '$value' } })).toMatchObject({ rest: JSON.parse(String(parts.value)) });
  });

  it('leave out what is not there, so that the row reader judges', () => {
    const reader = messageReader(
      stream('t', readings, { map: { device: '$key', value: 'a.b.c', amount: '$headers.x' } }),
    );
    const [row] = reader.rows(messageOf({ time }));
    expect(row?.value).toEqual({ time });
    expect(rowReader(readings, TIMESTAMP)(row as never)).toMatchObject({
      rejected: { reason: 'device is missing' },
    });
    const timeless = messageReader(stream('t', readings, { map: { time: '$timestamp' } }));
    expect(readOf(timeless, messageOf({}, { timestamp: -1 }))).toEqual([{}]);
  });

  it('do not find what every object or array inherits', () => {
    const map = { device: 'constructor', value: 'x.length', amount: '__proto__.y' };
    const reader = messageReader(stream('t', readings, { map, others: 'ignore' }));
    expect(readOf(reader, messageOf({ x: [1, 2] }))).toEqual([{}]);
    expect(readOf(reader, messageOf('{"__proto__":{"y":5}}'))).toEqual([{ amount: 5 }]);
  });

  it('name the part that cannot be read', () => {
    expect(mapped({ map: { device: '$headers.bad' } })).toBe('header bad: it is not UTF-8');
    const reader = messageReader(stream('t', readings, { map: { device: '$key.id' } }));
    expect(readOf(reader, messageOf({ time }, { key: Buffer.from('x') }))[0]).toMatch(
      /^the key: the value is not JSON/,
    );
  });
});

describe('other members', () => {
  const map = { device: 'device.id', value: 'readings.1' };
  const value = { time, device: { id: 'a', serial: 7 }, readings: [1, 2, 3], extra: null };
  const rowWith = (others: 'refuse' | 'ignore' | { readonly column: 'rest' }, given: unknown = value) =>
    readOf(messageReader(stream('t', readings, { map, others })), messageOf(given))[0];

  it('refuse the row, with their name', () => {
    expect(rowWith('refuse')).toBe('no column takes "device.serial"');
    expect(rowWith('refuse', { time, readings: [1, 2] })).toBe('no column takes "readings.0"');
    expect(rowWith('refuse', { time, device: 'a' })).toBe('no column takes "device"');
    expect(rowWith('refuse', { time, value: 1 })).toBe('no column takes "value"');
    expect(rowWith('refuse', { time, extra: null })).toBe(
      'there is no column "extra"; the columns are time, device, value, amount, rest',
    );
    expect(rowWith('refuse', { time, device: { id: 'a' }, readings: [null, 2] })).toBe(
      'no column takes "readings.0"',
    );
    expect(rowWith('refuse', { time, device: null })).toEqual({ time });
  });

  it('are ignored', () => {
    expect(rowWith('ignore')).toEqual({ time, device: 'a', value: 2 });
  });

  it('are kept in a column, nested as they were', () => {
    expect(rowWith({ column: 'rest' })).toEqual({
      time,
      device: 'a',
      value: 2,
      rest: { device: { serial: 7 }, readings: [1, null, 3], extra: null },
    });
    expect(rowWith({ column: 'rest' }, { time, rest: 1, device: { id: 'a' } })).toEqual({
      time,
      device: 'a',
      rest: { rest: 1 },
    });
    expect(rowWith({ column: 'rest' }, { time })).toEqual({ time });
    const odd = messageOf(`{"time":"${time}","__proto__":{"x":1}}`);
    const [row] = messageReader(stream('t', readings, { others: { column: 'rest' } })).rows(odd);
    expect(writeJson((row?.value as { rest?: unknown } | undefined)?.rest)).toBe('{"__proto__":{"x":1}}');
  });

  it('are never lost: every member is in a column or in the rest', () => {
    const leaf = fc.oneof(fc.integer(), fc.constant('x'));
    const name = fc.constantFrom('time', 'device', 'value', 'readings', 'a', 'id', '__proto__');
    const object = fc.dictionary(name, fc.oneof(leaf, fc.array(leaf), fc.dictionary(name, leaf)));
    const reader = messageReader(stream('t', readings, { map, others: { column: 'rest' }, timeUnit: 's' }));
    const leaves = (part: unknown): number =>
      typeof part === 'object' && part !== null
        ? Object.values(part).reduce((sum: number, member) => sum + leaves(member), 0)
        : Number(part !== null && part !== undefined);
    fc.assert(
      fc.property(object, (given) => {
        const [row] = reader.rows(messageOf(given));
        if (row?.reason === undefined)
          expect(leaves(row?.value)).toBe(leaves(JSON.parse(JSON.stringify(given))));
        else expect(row.reason).toMatch(/^time is /);
      }),
      { numRuns: 500 },
    );
  });
});

describe('times that are numbers', () => {
  it('need a unit', () => {
    const given = messageOf({ time: 1_795_176_000_000, sensor_id: 'a' });
    expect(readOf(messageReader(stream('t', sensorData)), given)).toEqual([
      'time is the number 1795176000000; send a time as in RFC 3339, or declare the timeUnit of the stream',
    ]);
    const timed = messageReader(stream('t', sensorData, { timeUnit: 'ms' }));
    expect(readOf(timed, given)).toEqual([{ time: '2026-11-20T12:00:00.000Z', sensor_id: 'a' }]);
    expect(readOf(timed, messageOf({ time, sensor_id: 'a' }))).toEqual([{ time, sensor_id: 'a' }]);
    expect(readOf(timed, messageOf({ time: 1e30 }))).toEqual([
      'time is 1e+30, which is no time in ms since 1970',
    ]);
  });

  it('are exact in nanoseconds, and leave the decoded row of an array as it was', () => {
    const reader = messageReader(stream('t', sensorData, { timeUnit: 'ns' }));
    const [row] = reader.rows(messageOf('[{"time":1795176000123456789}]'));
    expect(row?.value).toEqual({ time: '2026-11-20T12:00:00.123456Z' });
    expect(writeJson(row?.source.decoded)).toBe('{"time":1795176000123456789}');
  });
});

describe('messages of MQTT', () => {
  const bare = messageReader(
    mqttStream('plant/{site}/{sensor_id}/temperature', sensorData, {
      map: { time: '$timestamp', temperature: '$value' },
    }),
  );
  const topic = 'plant/graz/7/temperature';

  it('take levels of the topic and bare numbers', () => {
    expect(readOf(bare, messageOf('21.5', { topic }))).toEqual([
      { time: '2026-11-20T12:00:00.250Z', sensor_id: '7', temperature: 21.5 },
    ]);
    expect(readOf(bare, messageOf('[1,2]', { topic }))).toHaveLength(2);
  });

  it('may be texts that are not JSON where a column takes the whole value; damaged JSON is none', () => {
    expect(readOf(bare, messageOf('on', { topic }))).toEqual([
      expect.objectContaining({ temperature: 'on' }),
    ]);
    expect(readOf(bare, messageOf('{"v":', { topic }))).toEqual([expect.stringContaining('not JSON')]);
  });

  it('are refused on another topic', () => {
    expect(readOf(bare, messageOf('1', { topic: 'plant/graz' }))).toEqual([
      'the topic does not match plant/{site}/{sensor_id}/temperature',
    ]);
  });
});

it('makes a row or a reason of any bytes, and never throws', () => {
  const readers = [
    messageReader(stream('t', sensorData)),
    messageReader(stream('t', readings, { key: 'device', others: { column: 'rest' }, timeUnit: 'us' })),
    messageReader(
      stream('t', readings, {
        map: { device: '$key.a', value: 'b.0', amount: '$value', time: '$headers.h' },
      }),
    ),
  ];
  const json = fc.json().map((given) => Buffer.from(given));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((given) => Buffer.from(given)),
    json,
  );
  fc.assert(
    fc.property(bytes, fc.option(bytes), bytes, (value, key, header) => {
      const message = messageOf(value, { key, headers: [['h', header]] });
      for (const reader of readers) {
        const rows = reader.rows(message);
        expect(rows.length).toBeGreaterThan(0);
        for (const [at, row] of rows.entries()) {
          expect(row.line).toBe(at + 1);
          expect(row.source).toMatchObject({ message, line: at + 1 });
          expect((row.reason === undefined) !== (row.value === undefined)).toBe(true);
        }
      }
    }),
    { numRuns: 500 },
  );
});

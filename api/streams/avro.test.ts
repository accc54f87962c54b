import { Type, types } from 'avsc';
import fc from 'fast-check';
import { writeJson } from '../../db/core/exact-json';
import { avroReader } from './avro';
import { Unreadable } from './decoder';

/** Numbers of 64 bits as bigint, in the library that writes. */
const long = types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b)),
});
const written = (schema: unknown, value: unknown): Buffer =>
  Type.forSchema(schema as never, { registry: { long }, wrapUnions: true }).toBuffer(value);
const read = (schema: unknown, value: unknown): unknown => avroReader(schema)(written(schema, value));
const text = (schema: unknown, value: unknown): string => writeJson(read(schema, value));

describe('values of Avro', () => {
  it.each([
    ['null', null, 'null'],
    ['boolean', true, 'true'],
    ['int', -2_147_483_648, '-2147483648'],
    ['long', 9_223_372_036_854_775_807n, '9223372036854775807'],
    ['long', -9_223_372_036_854_775_808n, '-9223372036854775808'],
    ['long', -1n, '-1'],
    ['float', 1.5, '1.5'],
    ['double', 21.7, '21.7'],
    ['double', Number.NaN, '"NaN"'],
    ['double', Number.NEGATIVE_INFINITY, '"-Infinity"'],
    ['bytes', Buffer.from([0, 255]), '"AP8="'],
    ['string', 'Grüße', '"Grüße"'],
    [{ type: 'array', items: 'int' }, [1, 2], '[1,2]'],
    [{ type: 'map', values: 'long' }, { a: 5n }, '{"a":5}'],
    [{ type: 'enum', name: 'E', symbols: ['OFF', 'ON'] }, 'ON', '"ON"'],
    [{ type: 'fixed', name: 'F', size: 2 }, Buffer.from([1, 2]), '"AQI="'],
    [['null', 'string'], { string: 'a' }, '"a"'],
    [['null', 'string'], null, 'null'],
    [['int', 'long', 'double'], { long: 7n }, '7'],
  ])('are read: %j of %p', (schema, value, json) => {
    expect(text(schema, value)).toBe(json);
  });

  it.each([
    ['long', 'timestamp-millis', 1_795_176_000_250n, '"2026-11-20T12:00:00.250Z"'],
    ['long', 'timestamp-micros', 1_795_176_000_123_456n, '"2026-11-20T12:00:00.123456Z"'],
    ['long', 'timestamp-nanos', 1_795_176_000_123_456_789n, '"2026-11-20T12:00:00.123456Z"'],
    ['long', 'timestamp-micros', -1n, '"1969-12-31T23:59:59.999999Z"'],
    ['long', 'timestamp-millis', 9_223_372_036_854_775_807n, '9223372036854775807'],
    ['long', 'local-timestamp-micros', 1_795_176_000_123_456n, '"2026-11-20T12:00:00.123456"'],
    ['int', 'date', 20_777, '"2026-11-20"'],
    ['int', 'date', -1, '"1969-12-31"'],
    ['int', 'time-millis', 43_200_250, '"12:00:00.250"'],
    ['long', 'time-micros', 86_400_000_000n, '86400000000'],
    ['string', 'uuid', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', '"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"'],
  ])('mean what their logical type says: %s %s %p', (type, logicalType, value, json) => {
    const bytes = written(type, value);
    expect(writeJson(avroReader({ type, logicalType })(bytes))).toBe(json);
  });

  it('of Kafka Connect and Debezium mean what the name of their schema says', () => {
    const schema = { type: 'long', 'connect.name': 'io.debezium.time.MicroTimestamp', 'connect.version': 1 };
    expect(avroReader(schema)(written('long', 1_795_176_000_123_456n))).toBe('2026-11-20T12:00:00.123456Z');
  });

  it('are exact decimal numbers', () => {
    const decimal = (hex: string, scale: number) =>
      writeJson(
        avroReader({ type: 'bytes', logicalType: 'decimal', scale })(
          written('bytes', Buffer.from(hex, 'hex')),
        ),
      );
    expect(decimal('04d2', 2)).toBe('12.34');
    expect(decimal('fb2e', 2)).toBe('-12.34');
    expect(decimal('', 2)).toBe('0');
    expect(decimal('01', 3)).toBe('0.001');
    expect(decimal('05', -2)).toBe('500');
    expect(decimal('7fffffffffffffff', 4)).toBe('922337203685477.5807');
    const fixed = { type: 'fixed', name: 'D', size: 2, logicalType: 'decimal', scale: 1 };
    expect(avroReader(fixed)(Buffer.from('007b', 'hex'))).toBe(12.3);
    expect(() => decimal('01'.repeat(9_000), 2)).toThrow('too long');
  });

  it('of named types are read, in their namespaces, within themselves and by reference', () => {
    const node = {
      type: 'record',
      name: 'Node',
      namespace: 'a.b',
      fields: [
        { name: 'value', type: 'int' },
        { name: 'next', type: ['null', 'Node'] },
        { name: 'kind', type: { type: 'enum', name: 'c.Kind', symbols: ['X', 'Y'] } },
        { name: 'again', type: 'c.Kind' },
      ],
    };
    const leaf = { value: 2, next: null, kind: 'Y', again: 'X' };
    expect(read(node, { value: 1, next: { 'a.b.Node': leaf }, kind: 'X', again: 'Y' })).toEqual({
      value: 1,
      next: leaf,
      kind: 'X',
      again: 'Y',
    });
    const outer = { type: 'record', name: 'Outer', fields: [{ name: 'node', type: 'a.b.Node' }] };
    expect(avroReader(outer, [node])(written(node, leaf))).toEqual({ node: leaf });
  });

  it('keep members of every name', () => {
    const schema = { type: 'map', values: 'int' };
    // One block with the key __proto__.
    const bytes = Buffer.concat([Buffer.from([2, 18]), Buffer.from('__proto__'), Buffer.from([10, 0])]);
    expect(writeJson(avroReader(schema)(bytes))).toBe('{"__proto__":5}');
  });

  it.each([
    ['int', '', 'the value is cut'],
    ['int', '0202', '1 bytes follow the value'],
    ['int', 'ffffffffff01', 'more than 32 bits'],
    ['long', 'ffffffffffffffffffff01', 'more than 64 bits'],
    ['boolean', '02', 'neither 0 nor 1'],
    ['string', '02ff', 'a text is not UTF-8'],
    ['string', '10', 'the value is cut'],
    ['bytes', '01', 'the value is cut'],
    [['null', 'int'], '04', 'there is no choice 2 among 2'],
    [{ type: 'array', items: 'null' }, '8080808080808001', 'a length or a number is too large'],
    [{ type: 'array', items: 'null' }, '8080808080400000', 'it has more than 1000000 items'],
    [{ type: 'map', values: 'int' }, '0402610202610400', 'the key "a" is given twice'],
  ])('are refused: %j of %s', (schema, hex, reason) => {
    expect(() => avroReader(schema)(Buffer.from(hex, 'hex'))).toThrow(reason);
    expect(() => avroReader(schema)(Buffer.from(hex, 'hex'))).toThrow(Unreadable);
  });

  it('may have a type within a type', () => {
    const schema = { type: { type: 'array', items: { type: 'string' } } };
    expect(avroReader(schema)(written({ type: 'array', items: 'string' }, ['a']))).toEqual(['a']);
  });

  it('are refused beyond a depth', () => {
    const node = { type: 'record', name: 'N', fields: [{ name: 'n', type: ['null', 'N'] }] };
    expect(() => avroReader(node)(Buffer.alloc(100_000, 2))).toThrow('nested deeper');
  });

  it.each([
    5,
    {},
    { type: 'record' },
    'Unknown',
    { type: 'record', name: 'R' },
    { type: 'enum', name: 'E' },
    null,
  ])('need a schema: %j is none', (schema) => {
    expect(() => avroReader(schema)).toThrow('its schema is not Avro');
  });

  const SCHEMA = {
    type: 'record',
    name: 'Reading',
    fields: [
      { name: 'n', type: 'long' },
      { name: 'd', type: 'double' },
      { name: 'flag', type: ['null', 'boolean'] },
      { name: 's', type: 'string' },
      { name: 'list', type: { type: 'array', items: ['int', 'string'] } },
      { name: 'tags', type: { type: 'map', values: 'string' } },
    ],
  };

  it('come back exactly, whatever they are', () => {
    const union = fc.oneof(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((int) => ({ int })),
      fc.string().map((string) => ({ string })),
    );
    const value = fc.record({
      n: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      d: fc.double({ noNaN: true, noDefaultInfinity: true }),
      flag: fc.option(fc.boolean().map((boolean) => ({ boolean }))),
      s: fc.string({ unit: 'grapheme' }),
      list: fc.array(union),
      tags: fc.dictionary(
        fc.string().filter((name) => name !== '__proto__'),
        fc.string(),
      ),
    });
    fc.assert(
      fc.property(value, (given) => {
        const result = read(SCHEMA, given) as Record<string, unknown>;
        expect(String(result.n)).toBe(String(given.n));
        expect(Object.is(result.d, given.d)).toBe(true);
        expect(result.flag).toBe(given.flag?.boolean ?? null);
        expect(result.s).toBe(given.s);
        expect(result.list).toEqual(given.list.map((one) => Object.values(one)[0]));
        expect({ ...(result.tags as object) }).toEqual({ ...given.tags });
      }),
      { numRuns: 300 },
    );
  });

  it('are a value or a reason of any bytes', () => {
    const reader = avroReader(SCHEMA);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          expect(reader(Buffer.from(bytes))).toBeInstanceOf(Object);
        } catch (error) {
          expect(error).toBeInstanceOf(Unreadable);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

import fc from 'fast-check';
import { common, parse, Root, type Type } from 'protobufjs';
import { writeJson } from '../../db/core/exact-json';
import { Unreadable } from './decoder';
import { protobufReader } from './protobuf';

const PROTO = `syntax = "proto3";
package plant.v1;
import "google/protobuf/timestamp.proto";
enum State { STATE_UNKNOWN = 0; STATE_ON = 1; }
message Reading {
  string sensor_id = 1;
  double temperature = 2;
  optional double humidity = 3;
  int64 counter = 4;
  uint64 large = 5;
  State state = 6;
  map<string, sint64> totals = 7;
  repeated int32 samples = 8;
  bytes raw = 9;
  Reading inner = 10;
  oneof choice { string note = 11; bool ok = 12; }
  float ratio = 13;
  fixed32 f32 = 14;
  sfixed64 sf64 = 15;
  message Nested { bool flag = 1; }
}
message Second { Reading.Nested nested = 1; }
`;
const root = parse(PROTO.replace(/^import.*$/m, ''), { keepCase: true }).root;
const written = (name: string, value: object, path: readonly number[] = [0]): Buffer => {
  const type = root.lookupType(`plant.v1.${name}`) as Type;
  return Buffer.concat([Buffer.from(path), type.encode(type.fromObject(value)).finish()]);
};
const reader = protobufReader(PROTO);
const EMPTY = {
  sensor_id: '',
  temperature: 0,
  counter: 0,
  large: 0,
  state: 'STATE_UNKNOWN',
  raw: '',
  ratio: 0,
  f32: 0,
  sf64: 0,
};

describe('messages of Protobuf', () => {
  it('have their zeros, which are not sent, and no members that they leave out', () => {
    expect(reader(written('Reading', {}))).toEqual(EMPTY);
    expect(reader(written('Reading', { humidity: 0, ok: false }))).toEqual({
      ...EMPTY,
      humidity: 0,
      ok: false,
    });
  });

  it('are read exactly, with names of enums, maps and messages within', () => {
    const value = {
      sensor_id: 'Grüße',
      temperature: 21.7,
      counter: '-9223372036854775808',
      large: '18446744073709551615',
      state: 1,
      totals: { a: '9007199254740993', '': '-1' },
      samples: [1, -2, 3],
      raw: Buffer.from([0, 255]),
      inner: { sensor_id: 'b', note: 'x' },
      ratio: 1.5,
      f32: 4_294_967_295,
      sf64: '-5',
    };
    expect(writeJson(reader(written('Reading', value)))).toBe(
      '{"sensor_id":"Grüße","temperature":21.7,"counter":-9223372036854775808,"large":18446744073709551615,"state":"STATE_ON",' +
        '"totals":{"a":9007199254740993,"":-1},"samples":[1,-2,3],"raw":"AP8=","inner":{"sensor_id":"b","temperature":0,"counter":0,' +
        '"large":0,"state":"STATE_UNKNOWN","raw":"","note":"x","ratio":0,"f32":0,"sf64":0},"ratio":1.5,"f32":4294967295,"sf64":-5}',
    );
  });

  it('are of the type whose place they begin with', () => {
    expect(reader(written('Second', { nested: { flag: true } }, [2, 2]))).toEqual({ nested: { flag: true } });
    expect(reader(written('Reading.Nested', { flag: true }, [4, 0, 0]))).toEqual({ flag: true });
    expect(reader(written('Reading', { sensor_id: 'a' }, [2, 0]))).toMatchObject({ sensor_id: 'a' });
    expect(() => reader(Buffer.from([2, 4]))).toThrow('its schema has no message at 2');
    expect(() => reader(Buffer.from([1]))).toThrow('it does not begin with the place of its type');
    expect(() => reader(Buffer.alloc(0))).toThrow('cut');
  });

  it('may have the types that come with Protobuf and with registries', () => {
    const proto = `syntax = "proto3";
      import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
      import "google/protobuf/struct.proto"; import "confluent/type/decimal.proto"; import "confluent/meta.proto";
      message M {
        google.protobuf.Timestamp time = 1; google.protobuf.DoubleValue v = 2; google.protobuf.Struct tags = 3;
        confluent.type.Decimal amount = 4; google.protobuf.Int64Value big = 5;
      }`;
    const read = protobufReader(proto);
    const known = new Root();
    for (const file of ['timestamp', 'wrappers', 'struct'])
      known.addJSON(common.get(`google/protobuf/${file}.proto`)?.nested ?? {});
    const readPart = (field: number, bytes: Uint8Array): string =>
      writeJson(read(Buffer.concat([Buffer.from([0, field * 8 + 2, bytes.length]), bytes])));
    const encoded = (name: string, value: object): Uint8Array => {
      const type = known.lookupType(`google.protobuf.${name}`);
      return type.encode(type.fromObject(value)).finish();
    };
    expect(readPart(1, encoded('Timestamp', { seconds: 1_795_176_000, nanos: 3_000_999 }))).toBe(
      '{"time":"2026-11-20T12:00:00.003Z"}',
    );
    expect(readPart(1, encoded('Timestamp', { seconds: -1, nanos: 999_999_999 }))).toBe(
      '{"time":"1969-12-31T23:59:59.999999Z"}',
    );
    expect(readPart(2, encoded('DoubleValue', {}))).toBe('{"v":0}');
    expect(readPart(5, encoded('Int64Value', { value: '9007199254740993' }))).toBe(
      '{"big":9007199254740993}',
    );
    expect(readPart(4, Buffer.from('0a0204d21802', 'hex'))).toBe('{"amount":12.34}');
    const list = { listValue: { values: [{ nullValue: 0 }, { numberValue: 1.5 }, { stringValue: 'x' }] } };
    expect(readPart(3, encoded('Struct', { fields: { a: { boolValue: true }, list } }))).toBe(
      '{"tags":{"a":true,"list":[null,1.5,"x"]}}',
    );
  });

  it('take what they import from the files that the registry has', () => {
    const other = 'syntax = "proto3"; package o; message Id { string id = 1; }';
    const own = 'syntax = "proto3"; import "o.proto"; message A { o.Id id = 1; } message B { bool x = 1; }';
    const read = protobufReader(own, [{ name: 'o.proto', text: other }]);
    expect(read(Buffer.from('000a030a0161', 'hex'))).toEqual({ id: { id: 'a' } });
    // Messages of imported files have no place in this one.
    expect(read(Buffer.from('02020801', 'hex'))).toEqual({ x: true });
  });

  it('of proto2 have only the members that were sent', () => {
    const read = protobufReader(
      'syntax = "proto2"; message M { optional int32 a = 1 [default = 7]; required string b = 2; }',
    );
    expect(read(Buffer.from('0012016b', 'hex'))).toEqual({ b: 'k' });
  });

  it.each([
    '',
    'no proto',
    'syntax = "proto3"; message M { Missing m = 1; }',
    'syntax = "proto3"; import "x.proto"; message M { x.Y y = 1; }',
  ])('need a schema: %j', (text) => {
    expect(() => protobufReader(text)(Buffer.from([0]))).toThrow(Unreadable);
  });

  it.each([
    ['a text that is not UTF-8', '000a01ff'],
    ['a cut text', '000a05'],
    ['a cut number', '0020ff'],
    ['messages that are nested too deep', `00${'52ffffff7f'.repeat(60)}`],
  ])('are refused with %s', (_, hex) => {
    expect(() => reader(Buffer.from(hex, 'hex'))).toThrow(Unreadable);
  });

  it('come back exactly, whatever they are', () => {
    const value = fc.record({
      sensor_id: fc.string({ unit: 'grapheme' }),
      temperature: fc.double({ noNaN: true, noDefaultInfinity: true }),
      counter: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
      large: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      samples: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
      sf64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    });
    fc.assert(
      fc.property(value, (given) => {
        const result = reader(written('Reading', given)) as Record<string, unknown>;
        expect(result.sensor_id).toBe(given.sensor_id);
        expect(Object.is(result.temperature, given.temperature)).toBe(true);
        expect(['counter', 'large', 'sf64'].map((name) => String(result[name]))).toEqual([
          given.counter,
          given.large,
          given.sf64,
        ]);
        expect(result.samples ?? []).toEqual(given.samples);
      }),
      { numRuns: 300 },
    );
  });

  it('are a value or a reason of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          expect(reader(Buffer.concat([Buffer.from([0]), bytes]))).toBeInstanceOf(Object);
        } catch (error) {
          expect(error).toBeInstanceOf(Unreadable);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

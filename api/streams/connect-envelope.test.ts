import { parseJson, writeJson } from '../../db/core/exact-json';
import { unwrapEnvelope } from './connect-envelope';
import { Unreadable } from './decoder';

/** The payload of a value of this schema, as JSON. */
const meant = (schema: object, payload: string): string =>
  writeJson(unwrapEnvelope(parseJson(`{"schema":${JSON.stringify(schema)},"payload":${payload}}`)));
const connect = (name: string) => `org.apache.kafka.connect.data.${name}`;
const debezium = (name: string) => `io.debezium.time.${name}`;

describe('payloads of Kafka Connect', () => {
  it.each([
    [{ type: 'int64', name: connect('Timestamp') }, '1795176000250', '"2026-11-20T12:00:00.250Z"'],
    [{ type: 'int64', name: debezium('Timestamp') }, '0', '"1970-01-01T00:00:00.000Z"'],
    [
      { type: 'int64', name: debezium('MicroTimestamp') },
      '1795176000123456',
      '"2026-11-20T12:00:00.123456Z"',
    ],
    [
      { type: 'int64', name: debezium('NanoTimestamp') },
      '1795176000123456789',
      '"2026-11-20T12:00:00.123456Z"',
    ],
    [
      { type: 'string', name: debezium('ZonedTimestamp') },
      '"2026-11-20T12:00:00Z"',
      '"2026-11-20T12:00:00Z"',
    ],
    [{ type: 'int32', name: connect('Date') }, '20777', '"2026-11-20"'],
    [{ type: 'int32', name: debezium('Date') }, '-1', '"1969-12-31"'],
    [{ type: 'int32', name: connect('Time') }, '43200250', '"12:00:00.250"'],
    [{ type: 'int64', name: debezium('MicroTime') }, '43200000001', '"12:00:00.000001"'],
    [{ type: 'bytes', name: connect('Decimal'), parameters: { scale: '2' } }, '"BNI="', '12.34'],
    [{ type: 'bytes', name: connect('Decimal'), parameters: { scale: '2' } }, '"+y4="', '-12.34'],
    [
      { type: 'bytes', name: connect('Decimal'), parameters: { scale: '4' } },
      '"f/////////8="',
      '922337203685477.5807',
    ],
    [{ type: 'bytes', name: connect('Decimal'), parameters: { scale: '2' } }, '12.34', '12.34'],
    [
      { type: 'struct', name: 'io.debezium.data.VariableScaleDecimal' },
      '{"scale":3,"value":"AQ=="}',
      '0.001',
    ],
    [{ type: 'string', name: 'io.debezium.data.Json' }, '"{\\"a\\":1.50}"', '{"a":1.5}'],
    [{ type: 'bytes' }, '"AP8="', '"AP8="'],
    [{ type: 'int64' }, '9223372036854775807', '9223372036854775807'],
    // What does not fit its schema stays as it is.
    [{ type: 'int64', name: connect('Timestamp') }, '"x"', '"x"'],
    [{ type: 'int64', name: connect('Timestamp') }, '9223372036854775807', '9223372036854775807'],
    [{ type: 'int32', name: connect('Time') }, '86400000', '86400000'],
    [{ type: 'int64', name: connect('Timestamp'), optional: true }, 'null', 'null'],
  ])('mean what their schema says: %j', (schema, payload, expected) => {
    expect(meant(schema, payload)).toBe(expected);
  });

  it('mean it in structs, arrays and maps', () => {
    const at = { type: 'int64', name: connect('Timestamp') };
    const schema = {
      type: 'struct',
      fields: [
        { field: 'time', ...at },
        { field: 'list', type: 'array', items: at },
        { field: 'map', type: 'map', keys: { type: 'string' }, values: at },
        { field: 'inner', type: 'struct', fields: [{ field: 'at', ...at }] },
        { field: '__proto__', type: 'int32' },
      ],
    };
    const payload = '{"time":0,"list":[0,null],"map":{"a":0},"inner":{"at":0},"__proto__":5,"unknown":0}';
    const zero = '"1970-01-01T00:00:00.000Z"';
    expect(meant(schema, payload)).toBe(
      `{"time":${zero},"list":[${zero},null],"map":{"a":${zero}},"inner":{"at":${zero}},"__proto__":5,"unknown":0}`,
    );
  });

  it('are refused where they cannot be read', () => {
    const decimal = { type: 'bytes', name: connect('Decimal'), parameters: { scale: '2' } };
    expect(() => meant(decimal, '"not base64!"')).toThrow(Unreadable);
    expect(() => meant(decimal, `"${'A'.repeat(20_000)}"`)).toThrow('too long');
    const deep = Array.from({ length: 300 }).reduce<object>((items) => ({ type: 'array', items }), {
      type: 'int32',
    });
    expect(() => meant(deep, `${'['.repeat(300)}${']'.repeat(300)}`)).toThrow('nested deeper');
  });
});

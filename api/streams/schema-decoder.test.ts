// Streams of Avro, Protobuf and JSON with a registry over HTTP.
import { Type } from 'avsc';
import { stream } from '../../db/language/stream';
import { sensorData } from '../../db/schema/iot';
import { letterOf, readLetter } from './message-letter';
import { messageReader } from './message-reader';
import { schemaRegistry } from './schema-registry';
import { messageOf, readOf } from './testing/messages';
import { framed, type RegistryUnderTest, startRegistry } from './testing/registry';

const READING = {
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'sensor_id', type: 'string' },
    { name: 'temperature', type: ['null', 'double'] },
  ],
};
const KEY = { type: 'record', name: 'Key', fields: [{ name: 'id', type: 'string' }] };
const at = 1_795_176_000_250;
const time = '2026-11-20T12:00:00.250Z';
const avro = (schema: unknown, value: unknown): Buffer => Type.forSchema(schema as never).toBuffer(value);
const reading = (more: object = {}): Buffer =>
  avro(READING, { time: at, sensor_id: 'a', temperature: 21.5, ...more });

let server: RegistryUnderTest;
beforeEach(async () => {
  server = await startRegistry({ login: true });
  server.register(7, { schema: JSON.stringify(READING) });
  server.register(8, { schema: JSON.stringify(KEY) });
});
afterEach(() => server.stop());
const registry = (password = 'secret') =>
  schemaRegistry({ url: `${server.url}/`, login: { username: 'alice', password: () => password } });
const of = (format: 'avro' | 'protobuf' | 'json', more: object = {}) =>
  messageReader(stream('t', sensorData, { format, ...more }), { registry: registry() });

describe('streams with a schema registry', () => {
  it('read Avro, and ask for each schema once', async () => {
    const reader = of('avro');
    const messages = [messageOf(framed(7, reading())), messageOf(framed(7, reading({ temperature: null })))];
    for (let n = 0; n < 3; n += 1) await reader.prepare(messages);
    expect(messages.map((message) => readOf(reader, message))).toEqual([
      [{ time, sensor_id: 'a', temperature: 21.5 }],
      [{ time, sensor_id: 'a', temperature: null }],
    ]);
    expect(server.asked).toEqual(['/schemas/ids/7']);
  });

  it('read keys of the same format', async () => {
    const key = framed(8, avro(KEY, { id: 'k' }));
    const reader = of('avro', { map: { sensor_id: '$key.id' }, others: 'ignore' });
    const message = messageOf(framed(7, reading()), { key });
    await reader.prepare([message]);
    expect(readOf(reader, message)).toEqual([{ time, sensor_id: 'k', temperature: 21.5 }]);
    const whole = of('avro', { key: 'sensor_id', others: 'ignore' });
    await whole.prepare([message]);
    expect(readOf(whole, message)).toEqual([
      'the key is not a single value; take a member of it, such as $key.id',
    ]);
    const text = messageOf(framed(7, reading()), { key: Buffer.from('plain') });
    expect(readOf(whole, text)).toEqual([{ time, sensor_id: 'plain', temperature: 21.5 }]);
  });

  it('keep what was decoded in letters, which then need no registry', async () => {
    const reader = of('avro', { map: { sensor_id: '$key.id' } });
    const message = messageOf(framed(7, reading()), { key: framed(8, avro(KEY, { id: 'k' })) });
    await reader.prepare([message]);
    const [row] = reader.rows(message);
    expect(row?.reason).toBe('no column takes "sensor_id"');
    const text = letterOf(row?.source as never);
    expect(JSON.parse(text)).toMatchObject({
      value: { base64: expect.any(String) },
      row: { time, sensor_id: 'a', temperature: 21.5 },
      decodedKey: { id: 'k' },
    });
    const { message: again, ...before } = readLetter(text);
    expect(again).toEqual(message);
    const healed = messageReader(
      stream('t', sensorData, { format: 'avro', map: { sensor_id: '$key.id' }, others: 'ignore' }),
    );
    expect(healed.rows(again, before)[0]?.value).toEqual({ time, sensor_id: 'k', temperature: 21.5 });
  });

  it('read Protobuf with imports, and JSON with the header', async () => {
    server.register(
      20,
      { schema: 'syntax = "proto3"; package o; message Id { string id = 1; }', schemaType: 'PROTOBUF' },
      'ids',
    );
    server.register(21, {
      schema: 'syntax = "proto3"; import "o.proto"; message M { o.Id sensor = 1; double temperature = 2; }',
      schemaType: 'PROTOBUF',
      references: [{ name: 'o.proto', subject: 'ids', version: 1 }],
    });
    const map = { sensor_id: 'sensor.id', time: '$timestamp' };
    const reader = of('protobuf', { map });
    const message = messageOf(framed(21, Buffer.from('000a030a0161', 'hex')));
    await reader.prepare([message]);
    expect(readOf(reader, message)).toEqual([{ time, sensor_id: 'a', temperature: 0 }]);
    const json = of('json');
    await json.prepare([message]);
    expect(readOf(json, messageOf(framed(99, Buffer.from('{"time":"x"}'))))).toEqual([{ time: 'x' }]);
  });

  it('refer to other schemas of Avro, through several levels', async () => {
    const id = { type: 'record', name: 'n.Id', fields: [{ name: 'id', type: 'string' }] };
    const box = { type: 'record', name: 'n.Box', fields: [{ name: 'inner', type: 'n.Id' }] };
    server.register(30, { schema: JSON.stringify(id) }, 'id');
    server.register(
      31,
      { schema: JSON.stringify(box), references: [{ name: 'n.Id', subject: 'id', version: 1 }] },
      'box',
    );
    server.register(32, {
      schema: JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'box', type: 'n.Box' }] }),
      references: [{ name: 'n.Box', subject: 'box', version: 1 }],
    });
    const reader = of('avro', { map: { sensor_id: 'box.inner.id' } });
    const message = messageOf(framed(32, avro('string', 'deep')));
    await reader.prepare([message]);
    expect(readOf(reader, message)).toEqual([{ sensor_id: 'deep' }]);
  });

  it('refuse the messages of a schema that does not exist, or is of another kind', async () => {
    server.register(9, { schema: '{"type":"record"}' });
    server.register(10, { schema: 'syntax = "proto3"; message M {}', schemaType: 'PROTOBUF' });
    server.register(11, {
      schema: '"n.Missing"',
      references: [{ name: 'n.Missing', subject: 'gone', version: 1 }],
    });
    const reader = of('avro');
    const messages = [404, 9, 10, 11].map((id) => messageOf(framed(id, reading())));
    await reader.prepare(messages);
    expect(messages.map((message) => readOf(reader, message))).toEqual([
      ['the schema registry has no schema 404'],
      ['schema 9: its schema is not Avro: a type has no name'],
      ['its schema 10 is of type PROTOBUF, and the stream has the format avro'],
      ['the schema registry has no n.Missing, which the schema refers to'],
    ]);
    expect(readOf(reader, messageOf('{"a":1}'))).toEqual([
      'it does not begin with the number of its schema, as values of avro from a registry do',
    ]);
  });

  it('need a registry', async () => {
    const reader = messageReader(stream('t', sensorData, { format: 'avro' }));
    const message = messageOf(framed(7, reading()));
    await reader.prepare([message]);
    expect(readOf(reader, message)).toEqual(['it needs schema 7 of a registry; set TSDB_SCHEMA_REGISTRY']);
  });

  it('wait for a registry that is ill, refuses the login, or is not there', async () => {
    const message = messageOf(framed(7, reading()));
    const reader = of('avro');
    server.status = 500;
    await expect(reader.prepare([message])).rejects.toThrow(/answers GET \/schemas\/ids\/7 with status 500/);
    server.status = undefined;
    await reader.prepare([message]);
    expect(readOf(reader, message)).toEqual([{ time, sensor_id: 'a', temperature: 21.5 }]);

    const stranger = messageReader(stream('t', sensorData, { format: 'avro' }), {
      registry: registry('wrong'),
    });
    await expect(stranger.prepare([message])).rejects.toThrow(/refuses the login \(status 401\)/);
    await server.stop();
    await expect(of('avro').prepare([message])).rejects.toThrow(/cannot be reached: (?!fetch failed)./);
  });
});

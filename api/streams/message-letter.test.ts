import fc from 'fast-check';
import { parseJson } from '../../db/core/exact-json';
import { mqttStream, stream } from '../../db/language/stream';
import { sensorData } from '../../db/schema/iot';
import { keptOriginal } from '../ingest/rows';
import type { MessageRow } from './message';
import { identityOf, letterOf, readLetter } from './message-letter';
import { messageReader } from './message-reader';
import { messageOf, TIMESTAMP } from './testing/messages';

describe('letters of messages', () => {
  it('are JSON that people can read', () => {
    const message = messageOf('{"temperature":"hot"}', {
      key: Buffer.from([1, 0xff]),
      headers: [['site', Buffer.from('graz')]],
    });
    expect(letterOf({ message, broker: 'kafka', line: 1, hasOwnTime: false })).toBe(
      '{"broker":"kafka","topic":"plant.readings","partition":2,"offset":41,"timestamp":"2026-11-20T12:00:00.250Z","line":1,' +
        '"key":{"base64":"Af8="},"headers":[["site","graz"]],"value":"{\\"temperature\\":\\"hot\\"}"}',
    );
    const [row] = messageReader(stream('plant.readings', sensorData)).rows(messageOf('[{"time":1}]'));
    expect(letterOf(row?.source as MessageRow)).toBe(
      '{"broker":"kafka","topic":"plant.readings","partition":2,"offset":41,"timestamp":"2026-11-20T12:00:00.250Z","line":1,"row":{"time":1}}',
    );
  });

  it('give back the message byte for byte, through what the database keeps', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((given) => Buffer.from(given)),
      fc.string({ unit: 'binary' }).map((given) => Buffer.from(given)),
      fc.constantFrom('\uFEFFx', '\0', '\uFFFD', '"\\ud800"').map((given) => Buffer.from(given)),
    );
    const message = fc.record({
      topic: fc.string({ unit: 'grapheme' }),
      partition: fc.nat(),
      offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      timestamp: fc.oneof(fc.constant(-1), fc.nat(TIMESTAMP)),
      key: fc.option(bytes),
      value: fc.option(bytes),
      headers: fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), bytes), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(message, fc.integer({ min: 1, max: 99 }), fc.option(fc.jsonValue()), (given, line, row) => {
        const decoded = row === null ? {} : { decoded: parseJson(JSON.stringify(row)) };
        const source: MessageRow = { message: given, broker: 'kafka', line, hasOwnTime: false, ...decoded };
        const { text, isExact } = keptOriginal('message', source);
        expect(isExact).toBe(true);
        const { hasOwnTime, ...kept } = source;
        expect(readLetter(text)).toEqual(kept);
      }),
    );
  });

  it('say when they could not be kept', () => {
    const long = messageOf(`"${'x'.repeat(70_000)}"`);
    expect(
      keptOriginal('message', { message: long, broker: 'kafka', line: 1, hasOwnTime: false }).isExact,
    ).toBe(false);
    const [deep] = messageReader(stream('t', sensorData)).rows(
      messageOf(`[${'['.repeat(20_000)}${']'.repeat(20_000)}]`),
    );
    expect(keptOriginal('message', deep?.source)).toMatchObject({ isExact: false });
  });
});

describe('identityOf', () => {
  const source = (more: Partial<MessageRow> = {}): MessageRow => ({
    message: messageOf({ a: 1 }),
    broker: 'kafka',
    line: 1,
    hasOwnTime: false,
    ...more,
  });
  const id = (more?: Partial<MessageRow>) => JSON.stringify(identityOf(source(more)));

  it('is the place in Kafka, with the content, as a topic may be made anew', () => {
    expect(id()).toBe(id());
    const others = [
      source({ line: 2 }),
      source({ message: messageOf({ a: 1 }, { offset: 42n }) }),
      source({ message: messageOf({ a: 1 }, { partition: 3 }) }),
      source({ message: messageOf({ a: 2 }) }),
      source({ message: messageOf({ a: 1 }, { timestamp: 5 }) }),
    ].map((one) => JSON.stringify(identityOf(one)));
    expect(new Set([id(), ...others]).size).toBe(6);
  });

  it('is the content of a message of MQTT that names its time', () => {
    expect(identityOf(source({ broker: 'mqtt' }))).toBeUndefined();
    const reader = messageReader(mqttStream('a/{sensor_id}', sensorData));
    const [row] = reader.rows(messageOf({ time: '2026-11-20T12:00:00Z' }, { topic: 'a/7' }));
    const [again] = reader.rows(messageOf({ time: '2026-11-20T12:00:00Z' }, { topic: 'a/7', timestamp: 5 }));
    expect(identityOf(row?.source as MessageRow)).toEqual(identityOf(again?.source as MessageRow));
    expect(row?.source.hasOwnTime).toBe(true);
    const [refused] = reader.rows(messageOf({ time: 5, unknown: 1 }, { topic: 'a/7' }));
    expect(refused).toMatchObject({ reason: expect.any(String), source: { hasOwnTime: true } });
    const ofReceipt = messageReader(mqttStream('a/{sensor_id}', sensorData, { map: { time: '$timestamp' } }));
    expect(ofReceipt.rows(messageOf({}, { topic: 'a/7' }))[0]?.source.hasOwnTime).toBe(false);
  });
});

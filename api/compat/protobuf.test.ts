import fc from 'fast-check';
import { type Message, protobufEncoding } from './protobuf';
import { encoded } from './testing/messages';
import { MalformedMessage, startWalk } from './walk';

interface Everything {
  readonly text?: string;
  readonly numbers?: readonly number[];
  readonly time?: bigint;
  readonly count?: bigint;
  readonly value?: number;
  readonly inner?: Everything;
}

const EVERYTHING: Message<Everything> = {
  fields: {
    1: { name: 'text', type: 'string' },
    2: { name: 'numbers', type: 'uint32', isRepeated: true },
    3: { name: 'time', type: 'int64' },
    4: { name: 'count', type: 'fixed64' },
    5: { name: 'value', type: 'double' },
    6: { name: 'inner', type: () => EVERYTHING },
  },
};
const decode = <T>(message: Message<T>, bytes: Buffer): T =>
  protobufEncoding(startWalk()).read(message, bytes);
const each = (bytes: Buffer, field: number) => protobufEncoding(startWalk()).each(bytes, field, '');
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('messages of Protocol Buffers', () => {
  it('reads every type, and skips what is not named', () => {
    expect(decode(EVERYTHING, hex('0a02 c3a4 7801 92f70102 0000'))).toEqual({ text: 'ä' });
    expect(decode(EVERYTHING, hex('18 ffffffffffffffffff01'))).toEqual({ time: -1n });
    expect(decode(EVERYTHING, hex('18 ffffffffffffffff7f'))).toEqual({ time: 2n ** 63n - 1n });
    expect(decode(EVERYTHING, hex('21 ffffffffffffffff'))).toEqual({ count: 2n ** 64n - 1n });
    expect(decode(EVERYTHING, hex('29 000000000000f03f'))).toEqual({ value: 1 });
    expect(decode(EVERYTHING, hex('3203 0a0178'))).toEqual({ inner: { text: 'x' } });
  });

  it('reads a list of numbers packed and one by one', () => {
    expect(decode(EVERYTHING, hex('1203 01 ac02 1003'))).toEqual({ numbers: [1, 300, 3] });
  });

  it('takes a field with the type of another one as unknown', () => {
    expect(decode(EVERYTHING, hex('0801 2a00 0a0178'))).toEqual({ text: 'x' });
  });

  it.each([
    ['a length beyond the end', '0a05 78'],
    ['a length of 4 gigabytes', '0a ffffffff0f 78'],
    ['half a number', '29 0000'],
    ['a number without an end', '18 ffffffffffffffffffffff'],
    ['field 0', '00'],
    ['a wire type that does not exist', '0f'],
    ['a group without an end', '0b'],
    ['a text that is not UTF-8', '0a01 ff'],
    ['an inner message that reaches beyond its own end', '3201 0a 0178'],
  ])('refuses %s', (_, bytes) => {
    expect(() => decode(EVERYTHING, hex(bytes))).toThrow(MalformedMessage);
  });

  it('refuses nesting without end, and lists without end', () => {
    let nested = Buffer.alloc(0);
    for (let depth = 0; depth < 60; depth += 1)
      nested = Buffer.concat([Buffer.from([0x32, ...varint(nested.length)]), nested]);
    expect(() => decode(EVERYTHING, nested)).toThrow('nested deeper');
    expect(() => decode(EVERYTHING, Buffer.alloc(40_000, hex('1001')))).toThrow(
      'numbers has more than 10000 elements',
    );
    expect(() => [...each(Buffer.alloc(2_000_000, 0x0b), 2)]).toThrow(MalformedMessage);
  });

  it('walks a long list only as long as points come of it', () => {
    const list = Buffer.alloc(2_000_000, hex('0a00'));
    const walk = startWalk();
    let count = 0;
    for (const _ of protobufEncoding(walk).each(list, 1, '')) {
      count += 1;
      walk.point();
    }
    expect(count).toBe(1_000_000);
    expect(() => [...each(list, 1)]).toThrow('far more parts than points');
    const unknown = Buffer.alloc(5_000_000, hex('7a00'));
    expect(() => [...each(unknown, 1)]).toThrow('far more parts than points');
    expect(() => decode(EVERYTHING, unknown)).toThrow('far more parts than points');
  });

  it('never does anything else than to read or to refuse', () => {
    const good = encoded('WriteRequest', {
      timeseries: [{ labels: [{ name: 'a', value: 'b' }], samples: [{ value: 1, timestamp: 2 }] }],
    });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
        const changed = Buffer.from(good);
        changed[at] = byte;
        return changed;
      }),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        try {
          decode(EVERYTHING, Buffer.from(given));
          for (const part of each(Buffer.from(given), 1)) decode(EVERYTHING, part);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

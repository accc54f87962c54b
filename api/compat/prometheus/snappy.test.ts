import fc from 'fast-check';
import { packed } from '../testing/messages';
import { BrokenBlock, blockSize, unpackBlock } from './snappy';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('blocks of snappy', () => {
  it('unpacks literals and repetitions', () => {
    expect(unpackBlock(hex('00')).toString()).toBe('');
    expect(unpackBlock(hex('03 08 616263')).toString()).toBe('abc');
    // A literal of 3 bytes, then 9 bytes from 3 bytes before: they overlap what is written.
    expect(unpackBlock(hex('0c 08 616263 15 03')).toString()).toBe('abcabcabcabc');
    expect(unpackBlock(hex('07 08 616263 0e 0300')).toString()).toBe('abcabca');
    expect(unpackBlock(hex('07 08 616263 0f 03000000')).toString()).toBe('abcabca');
    // The length of a literal beyond 60 is in the bytes that follow.
    expect(unpackBlock(Buffer.concat([hex('3d f03c'), Buffer.alloc(61, 'x')])).toString()).toBe(
      'x'.repeat(61),
    );
  });

  it('says how large a block is without unpacking it', () => {
    expect(blockSize(hex('ffffffff0f'))).toEqual({ size: 4_294_967_295, start: 5 });
    expect(() => blockSize(hex('ffffffffff01'))).toThrow(BrokenBlock);
    expect(() => blockSize(hex(''))).toThrow(BrokenBlock);
  });

  it.each([
    ['a literal of a negative length, which sends other decoders in a circle', '0a fc faffffff 00000000'],
    ['a literal that is cut', '05 10 6162'],
    ['a length that is cut', '05 f0'],
    ['an offset that is cut', '07 08 616263 0e 03'],
    ['a repetition of what is not there', '0c 08 616263 15 04'],
    ['a repetition from nowhere', '0c 08 616263 15 00'],
    ['a negative offset', '07 08 616263 0f fdffffff'],
    ['more bytes than it says', '02 08 616263'],
    ['fewer bytes than it says', '04 08 616263'],
  ])('refuses %s', (_, block) => {
    expect(() => unpackBlock(hex(block))).toThrow(BrokenBlock);
  });

  it('unpacks what another implementation packs, and refuses it when it is cut anywhere', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .array(fc.constantFrom('abc', 'abcabcab', '__name__', '\0', 'x'.repeat(70)), { maxLength: 200 })
        .map((parts) => Buffer.from(parts.join(''))),
    );
    fc.assert(
      fc.property(bytes, fc.nat(), (given, cut) => {
        const block = packed(Buffer.from(given));
        expect(unpackBlock(block).equals(Buffer.from(given))).toBe(true);
        expect(() => unpackBlock(block.subarray(0, cut % block.length))).toThrow(BrokenBlock);
      }),
      { numRuns: 300 },
    );
  });

  it('never does anything else than to unpack or to refuse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (given) => {
        const block = Buffer.from([given.length & 0x7f, ...given]);
        try {
          expect(unpackBlock(block).length).toBe(block[0]);
        } catch (error) {
          expect(error).toBeInstanceOf(BrokenBlock);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type BodyOptions, readBody } from './body';

const sent = (...parts: readonly Buffer[]): PassThrough => {
  const stream = new PassThrough();
  for (const part of parts) stream.write(part);
  stream.end();
  return stream;
};

const read = (stream: PassThrough, encoding?: string, limit = 100, more: Partial<BodyOptions> = {}) =>
  readBody(stream, { encoding, limit, ...more });

describe('readBody', () => {
  it('gives the bytes, unpacked', async () => {
    const bytes = Buffer.from('some rows');
    expect(await read(sent(bytes))).toEqual(bytes);
    expect(await read(sent(gzipSync(bytes)), 'GZIP', 100)).toEqual(bytes);
    // Made by the zstd command.
    const zstd = Buffer.from('KLUv/QRYUQAAc29tZSByb3dzCrUEMPY=', 'base64');
    expect(String(await read(sent(zstd), 'zstd'))).toBe('some rows\n');
  });

  it('tells how many bytes it holds, and stops when that is refused', async () => {
    const held: number[] = [];
    const onBytes = (bytes: number) => void held.push(bytes);
    await read(sent(gzipSync(Buffer.alloc(50))), 'gzip', 100, { onBytes });
    expect(held.at(-1)).toBe(50);
    const refuse = () => {
      throw new Error('no room');
    };
    await expect(read(sent(Buffer.alloc(5)), 'identity', 100, { onBytes: refuse })).rejects.toMatchObject({
      problem: 'bad-body',
    });
  });

  it('stops at the limit, of what a bomb unpacks to as well', async () => {
    const problem = { problem: 'body-too-large' };
    await expect(read(sent(Buffer.alloc(101)), 'identity', 100)).rejects.toMatchObject(problem);
    await expect(read(sent(gzipSync(Buffer.alloc(1e6))), 'gzip', 5_000)).rejects.toMatchObject(problem);
  });

  it('refuses other encodings, and what is none', async () => {
    await expect(read(sent(), 'br', 100)).rejects.toMatchObject({ problem: 'unknown-media-type' });
    await expect(read(sent(Buffer.from('no')), 'gzip', 100)).rejects.toMatchObject({
      problem: 'bad-body',
    });
  });

  it('gives up on a body that does not come, and leaves the connection to the answer', async () => {
    const stalled = new PassThrough();
    stalled.write('{');
    await expect(read(stalled, undefined, 100, { slowestMs: 50 })).rejects.toMatchObject({ status: 408 });
    expect(stalled.destroyed).toBe(false);
  });
});

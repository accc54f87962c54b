import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { readBody } from './body';

const sent = (...parts: readonly Buffer[]): PassThrough => {
  const stream = new PassThrough();
  for (const part of parts) stream.write(part);
  stream.end();
  return stream;
};

describe('readBody', () => {
  it('gives the bytes, unpacked', async () => {
    const bytes = Buffer.from('some rows');
    expect(await readBody(sent(bytes), undefined, 100)).toEqual(bytes);
    expect(await readBody(sent(gzipSync(bytes)), 'GZIP', 100)).toEqual(bytes);
  });

  it('stops at the limit, of what a bomb unpacks to as well', async () => {
    const problem = { problem: 'body-too-large' };
    await expect(readBody(sent(Buffer.alloc(101)), 'identity', 100)).rejects.toMatchObject(problem);
    await expect(readBody(sent(gzipSync(Buffer.alloc(1e6))), 'gzip', 5_000)).rejects.toMatchObject(problem);
  });

  it('refuses other encodings, and what is none', async () => {
    await expect(readBody(sent(), 'br', 100)).rejects.toMatchObject({ problem: 'unknown-media-type' });
    await expect(readBody(sent(Buffer.from('no')), 'gzip', 100)).rejects.toMatchObject({
      problem: 'bad-body',
    });
  });

  it('gives up on a body that does not come, and leaves the connection to the answer', async () => {
    const stalled = new PassThrough();
    stalled.write('{');
    await expect(readBody(stalled, undefined, 100, 50)).rejects.toMatchObject({ status: 408 });
    expect(stalled.destroyed).toBe(false);
  });
});

// Compresses answers for clients that accept it.
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from './problems';

/** A content coding of RFC 9110, or zstd of RFC 8878. */
export type Coding = keyof typeof ENCODERS;

// Fast rather than small: these texts become six to ten times as short in any case. Higher levels
// take twice as long for rows of readings and save next to nothing. zstd exists from Node 22.15 on.
const { createZstdCompress } = zlib as { createZstdCompress?: () => zlib.Gzip };
const ENCODERS = {
  gzip: () => zlib.createGzip({ level: 4 }),
  br: () => zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 2 } }),
  zstd: () => (createZstdCompress as () => zlib.Gzip)(),
};

const OFFERED: readonly string[] = [
  'gzip',
  'br',
  ...(createZstdCompress === undefined ? [] : ['zstd']),
  'identity',
];

/**
 * The coding that the client prefers; undefined = none.
 * @throws ProblemError (not-acceptable) when the client accepts none that this server has, and no uncompressed answer either.
 */
export function codingOf(request: FastifyRequest): Coding | undefined {
  if (request.headers['accept-encoding'] === undefined) return undefined;
  const coding = request.accepts().encoding([...OFFERED]);
  if (coding === 'identity') return undefined;
  if (typeof coding === 'string') return coding as Coding;
  throw new ProblemError(
    'not-acceptable',
    `Accept-Encoding allows none of ${OFFERED.join(', ')}; send one of them, or leave the header out`,
  );
}

/** Whether the client accepts an uncompressed answer, whatever it prefers. */
export const acceptsIdentity = (request: FastifyRequest): boolean =>
  request.headers['accept-encoding'] === undefined || request.accepts().encoding(['identity']) !== false;

/** Compresses parts one after the other, outside of the event loop. */
export interface Encoder {
  /** Resolves when the part was taken; what it became may come later. */
  write(part: Buffer): Promise<void>;
  /** The compressed parts. */
  end(): Promise<readonly Buffer[]>;
  destroy(): void;
}

/** Begins a compressed body. */
export function encoder(coding: Coding): Encoder {
  const stream = ENCODERS[coding]();
  const parts: Buffer[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.once('end', resolve).once('error', reject);
  });
  // It is waited for at the end; a failure before that must not end the process.
  ended.catch(() => undefined);
  const write = promisify((part: Buffer, done: (error?: Error | null) => void) => stream.write(part, done));
  return {
    write: (part) => write(part),
    end: async () => {
      stream.end();
      await ended;
      return parts;
    },
    destroy: () => stream.destroy(),
  };
}

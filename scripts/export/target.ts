// Where an export goes: standard output, or a file that only appears when it is complete.
import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { messageOf, RefusedError, UsageError } from '../../db/core/errors';

/** How to write. */
export interface Target {
  /** File name; `-` = standard output. */
  readonly out: string;
  readonly gzip: boolean;
  /** Replace a file that is there. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** Pieces of a file. */
export type Pieces = AsyncIterable<Uint8Array>;

/**
 * Checks before any work is done that the target can be written.
 * @throws RefusedError when the file exists; UsageError when it is not a file, or its folder is missing.
 */
export async function checkTarget({ out, force }: Pick<Target, 'out' | 'force'>): Promise<void> {
  if (out === '-') return;
  const folder = await stat(dirname(resolve(out))).catch(() => undefined);
  if (!folder?.isDirectory())
    throw new UsageError(`there is no folder ${dirname(resolve(out))}; create it first`);
  const found = await stat(out).catch(() => undefined);
  if (found && !found.isFile())
    throw new UsageError(`${out} is not a file; to write into it, use --out - and redirect`);
  if (found && !force)
    throw new RefusedError(`${out} exists already; choose another name, or add --force to replace it`);
}

/**
 * Writes the pieces. A file gets its name when all of it is on the disk; when anything fails, no file is left.
 * @returns the bytes written; undefined when the reader of standard output went away.
 */
export async function writeTo(target: Target, pieces: Pieces): Promise<number | undefined> {
  if (target.out === '-') return writeToReader(target, pieces);
  // When the name is a link, the file that it points to is replaced and not the link.
  const path = await realpath(target.out).catch(() => resolve(target.out));
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.unfinished`);
  try {
    const bytes = await pump(target, pieces, createWriteStream(unfinished, { flags: 'wx', flush: true }));
    target.signal.throwIfAborted();
    await checkTarget(target);
    await rename(unfinished, path);
    return bytes;
  } catch (error) {
    await rm(unfinished, { force: true });
    if (isFileFault(error))
      throw new UsageError(`cannot write ${target.out}: ${messageOf(error)}`, { cause: error });
    throw error;
  }
}

async function writeToReader(target: Target, pieces: Pieces): Promise<number | undefined> {
  try {
    return await pump(target, pieces, process.stdout);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return undefined;
    throw error;
  }
}

async function pump({ gzip, signal }: Target, pieces: Pieces, sink: Writable): Promise<number> {
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const packed = gzip ? [createGzip()] : [];
  const source = Readable.from(pieces, { objectMode: true, highWaterMark: 1 });
  await pipeline([source, ...packed, count, sink], { signal, end: sink !== process.stdout });
  return bytes;
}

const isFileFault = (error: unknown): boolean =>
  /^(ENOSPC|EACCES|EROFS|EDQUOT|EIO|EFBIG|EPERM|EEXIST|ENAMETOOLONG)$/.test(
    (error as NodeJS.ErrnoException).code ?? '',
  );

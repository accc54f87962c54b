// The manifest beside each dump: where it comes from, what is in it, and the digest of its bytes.
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf, RefusedError, UsageError } from '../../db/core/errors';
import type { EngineName } from '../../db/model';

/** What is known about a dump; all of it is of the dump's own snapshot. */
export interface Manifest {
  readonly version: 1;
  /** Name of the dump beside it. */
  readonly file: string;
  readonly database: string;
  /** UTC, RFC 3339. */
  readonly createdAt: string;
  readonly engine: EngineName;
  readonly serverVersion: string;
  readonly timescaledbVersion?: string;
  /** Version of the pg_dump that wrote it. */
  readonly dumpVersion: string;
  /** Roles that own something or were granted something; a dump does not hold them. */
  readonly roles: readonly string[];
  /** Rows of each declared hypertable and aggregate. */
  readonly rows: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly sha256: string;
}

/** Path of the manifest of a dump. */
export const manifestOf = (dump: string): string => `${dump.replace(/\.dump$/, '')}.json`;

/** Size and digest of a file. */
export async function measure(
  file: string,
  signal: AbortSignal,
): Promise<Pick<Manifest, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash, { signal });
  return { bytes: (await stat(file)).size, sha256: hash.digest('hex') };
}

/**
 * Reads the manifest of a dump.
 * @throws UsageError when it is missing, or the file is not a manifest.
 */
export function readManifest(dump: string): Manifest {
  const file = manifestOf(dump);
  let manifest: Partial<Manifest>;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8')) as Partial<Manifest>;
  } catch (error) {
    throw new UsageError(
      `${file}, which "tsdb backup" writes beside the dump, cannot be read: ${messageOf(error)}; keep both files together`,
      { cause: error },
    );
  }
  if (manifest?.version !== 1 || typeof manifest.sha256 !== 'string' || typeof manifest.rows !== 'object')
    throw new UsageError(`${file} is not the manifest of a backup of this version of tsdb`);
  return manifest as Manifest;
}

/**
 * Proves that a dump is the one that was written.
 * @throws RefusedError when its bytes are different; UsageError when it cannot be read.
 */
export async function requireIntact(dump: string, manifest: Manifest, signal: AbortSignal): Promise<void> {
  const found = await measure(dump, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new UsageError(`cannot read ${dump}: ${messageOf(error)}`, { cause: error });
  });
  if (found.sha256 === manifest.sha256) return;
  throw new RefusedError(
    `${basename(dump)} is damaged: ${found.bytes} bytes with sha256 ${found.sha256}, and its manifest says ${manifest.bytes} bytes with ${manifest.sha256}; use another backup`,
  );
}

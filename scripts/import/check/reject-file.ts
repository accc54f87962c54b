// Writes the file of refused rows: a JSON object with line, reason and original on each line. There is no file without such rows.
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, UsageError } from '../../../db/core/errors';
import type { Refusal } from '../options';

export class RejectFile {
  #file: FileHandle | undefined;
  /** The first refusal, for messages. */
  first: Refusal | undefined;

  constructor(readonly path: string) {}

  /** Adds refusals. */
  async add(refusals: readonly Refusal[]): Promise<void> {
    if (refusals.length === 0) return;
    this.first ??= refusals[0];
    try {
      // The file of an earlier run is replaced, because every run checks all rows and finds the same ones again.
      this.#file ??= await open(this.path, 'w', 0o600);
      await this.#file.write(
        refusals
          .map(({ line, reason, original }) => `${JSON.stringify({ line, reason, original })}\n`)
          .join(''),
      );
    } catch (error) {
      throw new UsageError(
        `cannot write refused rows to ${this.path}: ${messageOf(error)}; name another file with --rejects`,
        {
          cause: error,
        },
      );
    }
  }

  /** Closes the file, and makes sure that it is on the disk. */
  async close(): Promise<void> {
    await this.#file?.sync();
    await this.#file?.close();
  }
}

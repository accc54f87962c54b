// The file of refused rows: one JSON object a line with line, reason and original. Made when there is a first one.
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
      // What an earlier run wrote is found again: every run checks all rows.
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

  /** Writes what is left, durably. */
  async close(): Promise<void> {
    await this.#file?.sync();
    await this.#file?.close();
  }
}

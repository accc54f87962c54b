// What tests of the buffered writer share.
import { BufferedWriter, type WriterOptions } from '../buffered-writer';
import type { Rejected } from '../sink';
import type { ModelSink } from './model-sink';

/** What a promise has come to, without waiting for it. */
export function watch(promise: Promise<unknown>): { state: string } {
  const watched = { state: 'waiting' };
  promise.then(
    () => {
      watched.state = 'done';
    },
    (error: Error) => {
      watched.state = `failed: ${error.message}`;
    },
  );
  return watched;
}

/** Lets everything happen that needs no time. */
export const settled = () => jest.advanceTimersByTimeAsync(0);

/** A writer, and the rows that it was refused. */
export function writerOn(sink: ModelSink, options: Partial<WriterOptions<number>> = {}) {
  const refused: Rejected<number>[] = [];
  const writer = new BufferedWriter<number>(sink, {
    onRefused: (rows) => {
      refused.push(...rows);
    },
    ...options,
  });
  return { writer, refused };
}

/** So many numbers in a row. */
export const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, at) => from + at);

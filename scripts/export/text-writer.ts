// Lines of text as bytes. Each line is copied at once to a buffer outside of V8's heap, so that its text can be freed.
import type { RowWriter, TextRow } from './values';

const BUFFER_BYTES = 65_536;
// The most bytes that UTF-8 needs for one UTF-16 code unit.
const BYTES_PER_UNIT = 3;

/** Writes the head as it is, and then one line per row. */
export function textWriter(head: string, lineOf: (row: TextRow) => string): RowWriter {
  let ready: Uint8Array[] = [];
  let buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  // Bytes from `start` to `end` are written and not taken.
  let [start, end] = [0, 0];
  const cut = (): void => {
    if (end > start) ready.push(buffer.subarray(start, end));
    start = end;
  };
  const write = (text: string): void => {
    const room = text.length * BYTES_PER_UNIT;
    if (end + room > buffer.length) {
      cut();
      buffer = Buffer.allocUnsafeSlow(Math.max(BUFFER_BYTES, room));
      [start, end] = [0, 0];
    }
    end += buffer.write(text, end);
  };
  const take = (): readonly Uint8Array[] => {
    cut();
    const taken = ready;
    ready = [];
    return taken;
  };
  write(head);
  return { add: (row) => write(lineOf(row)), take, finish: take };
}

// Rows of a JSON body, and of a body with one JSON object per line.
import { messageOf } from '../../../db/core/errors';
import { parseJson } from '../../../db/core/exact-json';
import type { SentRow } from '../rows';

/** One object, or each entry of an array. */
export function* jsonRows(body: unknown): Generator<SentRow> {
  let line = 0;
  for (const value of Array.isArray(body) ? body : [body]) {
    line += 1;
    yield { line, source: value, value };
  }
}

/** One row per line; blank lines are skipped. */
export function* ndjsonRows(body: string): Generator<SentRow> {
  let line = 0;
  for (const source of body.split('\n')) {
    line += 1;
    if (source.trim() === '') continue;
    yield parsed(line, source);
  }
}

function parsed(line: number, source: string): SentRow {
  try {
    return { line, source, value: parseJson(source) };
  } catch (error) {
    return { line, source, reason: `the line is not JSON: ${messageOf(error).slice(0, 200)}` };
  }
}

// The rows of a request on their way into the database.

/** A row as it was sent: a value to read, or why there is none. */
export interface SentRow {
  /** 1-based: line of the body, or place in the array. */
  readonly line: number;
  /** The line as it came; in a JSON body the value itself. */
  readonly source: unknown;
  readonly value?: unknown;
  readonly reason?: string;
}

/** A row that the table takes. */
export interface Row {
  readonly line: number;
  readonly source: unknown;
  /** COPY texts in the order of the declared columns; undefined where the default applies. */
  readonly texts: readonly (string | null | undefined)[];
  /** RFC 3339 in UTC with microseconds. */
  readonly time: string;
  /** Number of the half chunk that it lies in, see `chunkSpanMs`. */
  readonly span: number;
}

/** A row that was refused. */
export interface Verdict {
  readonly line: number;
  readonly source: unknown;
  readonly reason: string;
}

/** How rows are written in a body; dead letters carry the name, so that they can be read again. */
export type RowFormat = 'json' | 'ndjson' | `line-protocol-${Precision}`;

/** The unit of timestamps of the line protocol. */
export const PRECISIONS = ['ns', 'us', 'ms', 's'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** A refused row as text, for its sender to correct. */
export function originalOf(format: RowFormat, source: unknown): string {
  if (format !== 'json') return String(source);
  try {
    return JSON.stringify(source);
  } catch {
    return 'a value that is nested too deep to be shown';
  }
}

/** Longest original that is kept; a longer one is kept in part, and cannot be replayed. */
const LONGEST_KEPT = 65_536;

/** A refused row as it is kept, and whether that is exactly what was sent. */
export function keptOriginal(format: RowFormat, source: unknown): { text: string; isExact: boolean } {
  const original = originalOf(format, source);
  const text = keepable(original.slice(0, LONGEST_KEPT));
  return { text, isExact: text === original && (format !== 'json' || survivesJson(source)) };
}

/** Whether a parsed value, written again, is the number that was sent: 1e400 is none, and 2^53 + 1 is another one. */
function survivesJson(value: unknown, depth = 0): boolean {
  if (typeof value === 'number')
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  if (typeof value !== 'object' || value === null) return true;
  return depth < DEEPEST && Object.values(value).every((part) => survivesJson(part, depth + 1));
}

const DEEPEST = 100;

/** A text that PostgreSQL can keep: NUL and halves of characters become U+FFFD. */
export const keepable = (text: string): string => text.replace(/\0|[\uD800-\uDFFF]/gu, '\uFFFD');

const LONGEST_TOLD = 1_000;

/** A verdict as clients are told it; long originals are cut. */
export function toldVerdict(format: RowFormat, { line, reason, source }: Verdict) {
  const original = originalOf(format, source);
  return {
    line,
    reason: keepable(reason),
    original: keepable(original.length > LONGEST_TOLD ? `${original.slice(0, LONGEST_TOLD)}…` : original),
  };
}

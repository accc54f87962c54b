// Writes values whose text in an answer is that of the database, or nearly: most times, numbers and short words.
import type { TextKind } from './packed-rows';

const PIECE_BYTES = 64 * 1_024;

/** Text as bytes, collected in pieces. */
export class TextBytes {
  /** Pieces that are full. */
  readonly full: Buffer[] = [];
  readonly quote: Buffer;
  /** By ASCII code: 1 = a text that has this character cannot be written as it is, 2 = one that begins with it. Others never can. */
  readonly special = new Uint8Array(256).fill(1, 0x80).fill(1, 0, 0x20);
  private piece = Buffer.allocUnsafe(PIECE_BYTES);
  private used = 0;

  constructor({
    quote,
    special,
    specialFirst,
  }: { readonly quote: string; readonly special: string; readonly specialFirst: string }) {
    this.quote = Buffer.from(quote);
    for (const byte of Buffer.from(specialFirst)) this.special[byte] = 2;
    for (const byte of Buffer.from(special)) this.special[byte] = 1;
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (this.used + end - start > this.piece.length) this.begin(end - start);
    const { piece } = this;
    let at = this.used;
    for (let n = start; n < end; n += 1, at += 1) piece[at] = bytes[n] as number;
    this.used = at;
  }

  addByte(byte: number): void {
    if (this.used === this.piece.length) this.begin(1);
    this.piece[this.used] = byte;
    this.used += 1;
  }

  /** What is not in a full piece. Nothing can be added any more. */
  rest(): readonly Buffer[] {
    return this.used === 0 ? [] : [this.piece.subarray(0, this.used)];
  }

  private begin(room: number): void {
    this.full.push(...this.rest());
    this.piece = Buffer.allocUnsafe(Math.max(PIECE_BYTES, room));
    this.used = 0;
  }
}

/** Writes a text of the database, if it can be written without being read. */
type PlainWriter = (out: TextBytes, bytes: Buffer, start: number, end: number) => boolean;

export const PLAIN_WRITERS: Readonly<Record<TextKind, PlainWriter>> = {
  time: writeTime,
  double: (out, bytes, start, end) => writeNumber(out, bytes, start, end, DOUBLE_WHOLE),
  number: (out, bytes, start, end) =>
    end - start <= SAFE_LENGTH && writeNumber(out, bytes, start, end, SAFE_LENGTH),
  text: writeText,
  other: () => false,
};

const [ZERO, POINT, MINUS, PLUS, SPACE, T, Z] = [...Buffer.from('0.-+ TZ')] as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/** `2026-11-20 11:11:24.123456+00` → `2026-11-20T11:11:24.123456Z`; other forms are for `isoTimestamp`. */
function writeTime(out: TextBytes, bytes: Buffer, start: number, end: number): boolean {
  const zone = end - 3;
  if (
    bytes[start + 10] !== SPACE ||
    bytes[zone] !== PLUS ||
    bytes[zone + 1] !== ZERO ||
    bytes[zone + 2] !== ZERO
  )
    return false;
  out.add(out.quote, 0, out.quote.length);
  out.add(bytes, start, start + 10);
  out.addByte(T);
  out.add(bytes, start + 11, zone);
  out.addByte(Z);
  out.add(out.quote, 0, out.quote.length);
  return true;
}

function writeText(out: TextBytes, bytes: Buffer, start: number, end: number): boolean {
  if (start === end || out.special[bytes[start] as number] !== 0) return false;
  for (let at = start + 1; at < end; at += 1) if (out.special[bytes[at] as number] === 1) return false;
  out.add(out.quote, 0, out.quote.length);
  out.add(bytes, start, end);
  out.add(out.quote, 0, out.quote.length);
  return true;
}

/** A decimal text with at most this many characters has at most 15 digits: no two of them are the same double. */
const SAFE_LENGTH = 15;
/** Below 10^15 the server and JavaScript write a double with the same digits: the shortest ones, and of these the nearest. */
const DOUBLE_WHOLE = 15;

/**
 * Writes a number in the only form that JavaScript would give it: no zeros around it but a single one before the point, no
 * exponent, no minus zero, and not so small that JavaScript writes an exponent.
 */
function writeNumber(out: TextBytes, bytes: Buffer, start: number, end: number, mostWhole: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start;
  const point = endOfDigits(bytes, first, end);
  const startsWithZero = bytes[first] === ZERO;
  const whole = point - first;
  if (whole === 0 || whole > mostWhole || (startsWithZero && whole > 1)) return false;
  if (point === end) {
    if (startsWithZero && first > start) return false;
  } else {
    if (bytes[point] !== POINT || bytes[end - 1] === ZERO || endOfDigits(bytes, point + 1, end) !== end)
      return false;
    if (point + 1 === end) return false;
    // JavaScript writes 0.000001, and then 1e-7.
    if (startsWithZero && bytes[point + 1] === ZERO && isTiny(bytes, point + 1)) return false;
  }
  out.add(bytes, start, end);
  return true;
}

function endOfDigits(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at += 1;
  return at;
}

const isTiny = (bytes: Buffer, fraction: number): boolean => {
  for (let at = fraction; at < fraction + 6; at += 1) if (bytes[at] !== ZERO) return false;
  return true;
};

// The binary form of values, as the server's receive functions read it: one encoder per column type.

/** Bytes that are being written. */
export interface BinaryTarget {
  bytes: Buffer;
  view: DataView;
  at: number;
}

/**
 * Writes a value with its length in front, see `Cell` for its forms. It never judges: a text that the type does not have is the
 * caller's fault.
 */
export type BinaryEncoder = (to: BinaryTarget, cell: string | number) => void;

/** A new target of about this many bytes. */
export const binaryTarget = (size: number): BinaryTarget => over(Buffer.allocUnsafeSlow(size));

/** Makes room for more bytes. */
export function room(to: BinaryTarget, more: number): void {
  if (to.at + more <= to.bytes.length) return;
  const larger = over(Buffer.allocUnsafeSlow(Math.max(to.bytes.length * 2, to.at + more)));
  to.bytes.copy(larger.bytes, 0, 0, to.at);
  to.bytes = larger.bytes;
  to.view = larger.view;
}

const over = (bytes: Buffer): BinaryTarget => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
  at: 0,
});

/** The encoder of a column type as `format_type()` prints it, and the name of its type; undefined for a type that is sent as text. */
export function binaryTypeOf(
  type: string,
): { readonly name: string; readonly encode: BinaryEncoder } | undefined {
  const name = type.replace(/\(.*\)$/, '');
  const encode = ENCODERS.get(name);
  return encode && { name, encode };
}

const ENCODERS: ReadonlyMap<string, BinaryEncoder> = new Map<string, BinaryEncoder>([
  ['timestamp with time zone', timestamptz],
  ['date', date],
  ['text', text],
  ['character varying', text],
  ['smallint', smallint],
  ['integer', integer],
  ['bigint', bigint],
  ['double precision', float8],
  ['numeric', numeric],
  ['boolean', boolean],
  ['uuid', uuid],
  ['jsonb', jsonb],
]);

/** Writes the length and returns where the value begins. */
function begin(to: BinaryTarget, bytes: number): number {
  room(to, 4 + bytes);
  to.view.setInt32(to.at, bytes);
  const at = to.at + 4;
  to.at = at + bytes;
  return at;
}

function float8(to: BinaryTarget, cell: string | number): void {
  to.view.setFloat64(begin(to, 8), Number(cell));
}

function smallint(to: BinaryTarget, cell: string | number): void {
  to.view.setInt16(begin(to, 2), Number(cell));
}

function integer(to: BinaryTarget, cell: string | number): void {
  to.view.setInt32(begin(to, 4), Number(cell));
}

function bigint(to: BinaryTarget, cell: string | number): void {
  if (typeof cell === 'number') int64(to, cell);
  else to.view.setBigInt64(begin(to, 8), BigInt(cell));
}

const WORD = 2 ** 32;

/** A whole number up to 2^53. */
function int64(to: BinaryTarget, value: number): void {
  const at = begin(to, 8);
  const high = Math.floor(value / WORD);
  to.view.setInt32(at, high);
  to.view.setUint32(at + 4, value - high * WORD);
}

/** The server counts from 2000 on. */
const SERVER_EPOCH_MS = Date.UTC(2000, 0, 1);

function timestamptz(to: BinaryTarget, cell: string | number): void {
  // Two thirds of a century before a double loses microseconds since 1970, it loses those since 2000.
  const since = typeof cell === 'number' ? cell - SERVER_EPOCH_MS * 1_000 : Number.NaN;
  if (Number.isSafeInteger(since)) int64(to, since);
  else if (typeof cell === 'number')
    to.view.setBigInt64(begin(to, 8), BigInt(cell) - BigInt(SERVER_EPOCH_MS) * 1_000n);
  else {
    const [, seconds = '', fraction = ''] = /^(.{19})(?:\.(\d+))?Z$/.exec(cell) ?? [];
    const ms = BigInt(Date.parse(`${seconds}Z`) - SERVER_EPOCH_MS);
    to.view.setBigInt64(begin(to, 8), ms * 1_000n + BigInt(fraction.padEnd(6, '0')));
  }
}

function date(to: BinaryTarget, cell: string | number): void {
  const ms = Date.parse(`${cell}T00:00:00Z`) - SERVER_EPOCH_MS;
  to.view.setInt32(begin(to, 4), ms / 86_400_000);
}

function boolean(to: BinaryTarget, cell: string | number): void {
  to.view.setInt8(begin(to, 1), cell === 'true' ? 1 : 0);
}

function uuid(to: BinaryTarget, cell: string | number): void {
  const at = begin(to, 16);
  to.bytes.write(String(cell).replaceAll('-', ''), at, 'hex');
}

function text(to: BinaryTarget, cell: string | number): void {
  characters(to, String(cell), 0);
}

const JSONB_VERSION = 1;

function jsonb(to: BinaryTarget, cell: string | number): void {
  const at = to.at + 4;
  characters(to, String(cell), 1);
  to.view.setInt8(at, JSONB_VERSION);
}

/** Writes a text in UTF-8, with room for some bytes before it. */
function characters(to: BinaryTarget, value: string, before: number): void {
  const isShort = value.length <= LONGEST_NAME;
  room(to, 4 + before + (isShort ? 3 * value.length : Buffer.byteLength(value)));
  const { bytes } = to;
  const start = to.at + 4 + before;
  let end = start;
  // Most texts are short names in ASCII, for which a call of the runtime costs more than the loop.
  if (isShort)
    for (let at = 0; at < value.length; at += 1) {
      const code = value.charCodeAt(at);
      if (code > 0x7f) break;
      bytes[end] = code;
      end += 1;
    }
  if (end - start < value.length) end = start + bytes.write(value, start, 'utf8');
  to.view.setInt32(to.at, end - to.at - 4);
  to.at = end;
}

const LONGEST_NAME = 64;

const NEGATIVE = 0x4000;

/** Groups of four decimal digits around the point, and the number of decimals that are shown. */
function numeric(to: BinaryTarget, cell: string | number): void {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(String(cell)) ?? [];
  const scale = Math.max(0, fraction.length - Number(exponent));
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '');
  const beforePoint = whole.length + Number(exponent) - (all.length - digits.length);
  const weight = digits === '' ? 0 : Math.ceil(beforePoint / 4) - 1;
  const padded = '0'.repeat(digits === '' ? 0 : (weight + 1) * 4 - beforePoint) + digits;
  const groups = padded.replace(/0+$/, '').match(/\d{1,4}/g) ?? [];
  let at = begin(to, 8 + 2 * groups.length);
  for (const word of [groups.length, weight, sign === '-' && digits !== '' ? NEGATIVE : 0, scale]) {
    to.view.setInt16(at, word);
    at += 2;
  }
  for (const group of groups) {
    to.view.setInt16(at, Number(group.padEnd(4, '0')));
    at += 2;
  }
}

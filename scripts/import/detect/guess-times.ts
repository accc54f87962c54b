// Finds the formats in which all texts of a column are times. Two of them mean that the file does not say which one is right.
import type { ImportOptions } from '../options';
import { formatOf, type TimeReader, timeReader } from '../read/times';

interface Column {
  readonly name: string;
  readonly type: string;
}

/** A way to read a column. */
export interface TimeReading {
  readonly format: string;
  /** What the first text is in this format, as it will be stored. */
  readonly time: string;
}

/** Takes the texts of a column one after the other, and keeps the formats that read them all. */
export class TimeGuess {
  /** The first text of the column. */
  first: string | undefined;
  /** The first text that none of the formats reads which read all texts before it. */
  odd: string | undefined;
  #readers: ReadonlyMap<string, TimeReader> = new Map();

  constructor(
    private readonly options: ImportOptions,
    readonly column: Column,
  ) {}

  add(text: string): void {
    if (this.odd !== undefined) return;
    if (this.first === undefined) this.#readers = this.#candidates(text);
    this.first ??= text;
    const left = [...this.#readers].filter(([, read]) => isTime(read(text)));
    if (left.length === 0) this.odd = text;
    else if (left.length < this.#readers.size) this.#readers = new Map(left);
  }

  #candidates(text: string): ReadonlyMap<string, TimeReader> {
    const { options, column } = this;
    const asked = formatOf(options, column.name);
    const formats = asked === 'iso' ? ['iso', ...formatsLike(text)] : [asked];
    return new Map(formats.flatMap((format) => readerOf(options, column, format)));
  }

  /** The formats that read all texts. Those that differ only in leading zeros are one. */
  readings(): readonly TimeReading[] {
    const { first } = this;
    if (first === undefined || this.odd !== undefined) return [];
    const iso = this.#readers.get('iso');
    const readers = iso === undefined ? [...this.#readers] : [['iso', iso] as const];
    const seen = new Set<string>();
    return readers.flatMap(([format, read]) => {
      const order = format
        .replace(/DD/, 'D')
        .replace(/MM(?!M)/, 'M')
        .replace(/HH/, 'H')
        .replace(/hh/, 'h');
      if (seen.has(order)) return [];
      seen.add(order);
      const time = read(first);
      return [{ format, time: typeof time === 'string' ? time : time.reason }];
    });
  }
}

/** A local time that exists twice, or not at all, has the layout nevertheless. */
const isTime = (read: ReturnType<TimeReader>): boolean =>
  typeof read === 'string' || /\bexists? /.test(read.reason);

function readerOf(options: ImportOptions, column: Column, format: string): [string, TimeReader][] {
  const formats =
    column.name === options.table.time ? { timeFormat: format } : { timeFormats: { [column.name]: format } };
  try {
    const read = timeReader({ ...options, ...formats }, column);
    return read === undefined ? [] : [[format, read]];
  } catch {
    // A date cannot have the format of an instant.
    return [];
  }
}

/** Formats that a text may have, the strict ones first. */
export function formatsLike(written: string): readonly string[] {
  const text = written.trim();
  const unix = UNIX.find(([digits]) => digits.test(text))?.[1];
  if (unix !== undefined) return [unix];
  const compact = /^\d{8}(?:([T ]?)(\d{4}|\d{6})(Z|[+-]\d{4})?)?$/.exec(text);
  if (compact) {
    const [, gap = '', time = '', offset] = compact;
    return [`YYYYMMDD${gap}${time === '' ? '' : `HHmm${time.length === 6 ? 'ss' : ''}`}${offset ? 'Z' : ''}`];
  }
  const parts =
    /^(\S.*?)(?:(T|, ?| - | )(\d{1,2}):(\d\d)(:\d\d)?([.,])?(\d{1,9})?( ?)(AM|PM)?( ?)(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(
      text,
    );
  if (!parts) return [];
  const [
    ,
    date = '',
    gap = '',
    hour,
    ,
    seconds,
    point = '',
    fraction,
    beforeHalf = '',
    half,
    beforeZone = '',
    offset,
  ] = parts;
  const dates = datesLike(date);
  if (hour === undefined) return [...dates.strict, ...dates.loose];
  const rest =
    `mm${seconds ? ':ss' : ''}${point}${fraction ? 'S' : ''}${beforeHalf}${half ? 'A' : ''}${beforeZone}${offset ? 'Z' : ''}`.trimEnd();
  const letter = half ? 'h' : 'H';
  return [
    ...(hour.length === 2 ? dates.strict.map((one) => `${one}${gap}${letter}${letter}:${rest}`) : []),
    ...[...dates.strict, ...dates.loose].map((one) => `${one}${gap}${letter}:${rest}`),
  ];
}

/** Seconds, milliseconds, microseconds and nanoseconds of the years 1973 to 2286 differ in their number of digits. */
const UNIX = [
  [/^\d{9,10}(\.\d+)?$/, 'unix'],
  [/^\d{13}(\.\d+)?$/, 'unix-ms'],
  [/^\d{16}(\.\d+)?$/, 'unix-us'],
  [/^\d{19}$/, 'unix-ns'],
] as const;

function datesLike(date: string): { readonly strict: readonly string[]; readonly loose: readonly string[] } {
  const numbers = /^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})$/.exec(date);
  if (numbers) {
    const [, a = '', gap = '', , c = ''] = numbers;
    const year = a.length === 4 || c.length === 4 ? 'YYYY' : 'YY';
    const orders = [
      ...(a.length <= 2 && c.length >= 2
        ? [
            ['DD', 'MM', year],
            ['MM', 'DD', year],
          ]
        : []),
      ...(a.length >= 2 && a.length !== 3 && c.length <= 2 ? [[year, 'MM', 'DD']] : []),
    ];
    const strict = orders.map((order) => order.join(gap));
    return { strict, loose: strict.map(loosened) };
  }
  const named = /^(?:(\d{1,2})([ -])([a-z]{3,9})\2(\d{4}|\d{2})|([a-z]{3,9}) (\d{1,2})(,?) (\d{4}))$/i.exec(
    date,
  );
  if (!named) return { strict: [], loose: [] };
  const [, day, gap = '', month = named[5] ?? '', year, , , comma = ''] = named;
  const letters = month.length === 3 ? 'MMM' : 'MMMM';
  const layout =
    day === undefined
      ? `${letters} D${comma} YYYY`
      : ['D', letters, year?.length === 2 ? 'YY' : 'YYYY'].join(gap);
  return { strict: [layout], loose: [] };
}

const loosened = (layout: string): string => layout.replace('DD', 'D').replace('MM', 'M');

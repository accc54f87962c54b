// Reads the times and dates of a file. A text that is not of the named format is refused, never guessed at.
import { canonicalTime } from '../../../api/http/time';
import { UsageError } from '../../../db/core/errors';
import { type ImportOptions, isNamedFormat } from '../options';
import { certainTime, timeOf, unixTime } from './certain-values';
import { layoutReader } from './time-layout';
import { localTimes, type ReadTime } from './time-zone';

/** Turns a text of the file into the text that the server reads. */
export type TimeReader = (text: string) => ReadTime;

export const TIMESTAMPTZ = 'timestamp with time zone';

/** Whether a column of this type has times or dates. */
export const isTimeType = (type: string): boolean => type === TIMESTAMPTZ || type === 'date';

/** The format of a column's texts: the time column has --time-format, another one has ISO 8601 unless a format is named for it. */
export const formatOf = ({ table, timeFormat, timeFormats }: ImportOptions, column: string): string =>
  column === table.time ? timeFormat : (timeFormats?.[column] ?? 'iso');

/**
 * Makes the reader of a column of times or dates; undefined for a column of another type. Times become RFC 3339 in UTC with the
 * microseconds that they have, dates become YYYY-MM-DD.
 * @throws UsageError for a format or a zone that does not exist, or a format that the column cannot have.
 */
export function timeReader(
  options: ImportOptions,
  { name, type }: { readonly name: string; readonly type: string },
): TimeReader | undefined {
  if (!isTimeType(type)) return undefined;
  const format = formatOf(options, name);
  const read = isoReader(format);
  if (type === 'date') {
    if (format.startsWith('unix')) throw new UsageError(`--time-format ${name}=${format}: ${name} is a date`);
    return (text) => {
      const date = read(text.trim());
      const isDate = date !== undefined && /^\d{4}-\d\d-\d\d(T00:00:00)?$/.test(date) && canonicalTime(date);
      return isDate ? date.slice(0, 10) : no(name, 'date', format, text);
    };
  }
  const zone = localTimes(options.zone, options.repeatedTimes ?? 'refuse');
  const bytes = Buffer.alloc(LONGEST_PLAIN * 3);
  const readAny: TimeReader = (text) => {
    const iso = read(text.trim());
    const time = iso === undefined ? undefined : canonicalTime(iso);
    if (iso === undefined || time === undefined) return no(name, 'time', format, text);
    return hasOffset(iso) ? time : zone.read(time);
  };
  if (format !== 'iso') return readAny;
  return (text) => {
    if (text.length > LONGEST_PLAIN) return readAny(text);
    const length = bytes.write(text);
    const micros = certainTime(bytes, 0, length, true);
    if (Number.isNaN(micros)) return readAny(text);
    // The server reads such a text as this program does.
    if (options.zone === 'UTC' || !Number.isNaN(certainTime(bytes, 0, length, false))) return text;
    const offset = zone.offsetAt(micros / 1_000);
    return offset === undefined ? readAny(text) : timeOf(micros - offset * 1_000);
  };
}

/** The longest text that is read without a pattern, which is most of the time that reading takes. */
const LONGEST_PLAIN = 32;

/** Makes the function that gives the ISO 8601 text of a text. */
function isoReader(format: string): (text: string) => string | undefined {
  if (!isNamedFormat(format)) return layoutReader(format);
  return format === 'iso' ? (text) => text : (text) => unixTime(text, format);
}

const hasOffset = (iso: string): boolean => /(?:Z|[+-]\d\d(?::?\d\d)?)$/i.test(iso.slice(10));

function no(name: string, kind: 'time' | 'date', format: string, text: string): { readonly reason: string } {
  const shown = JSON.stringify(text.slice(0, 60));
  return { reason: `column ${name}: ${shown} ${ruleOf(format, kind)}` };
}

function ruleOf(format: string, kind: 'time' | 'date'): string {
  if (!isNamedFormat(format)) return `is not a ${kind} of the layout ${format}`;
  return format === 'iso' ? ISO_RULE[kind] : `is not a number of --time-format ${format}`;
}

const ISO_RULE = {
  time: 'is not a time of ISO 8601, such as 2026-11-30T10:00:00Z; name its layout with --time-format',
  date: 'is not a date of ISO 8601, such as 2026-11-30; name its layout with --time-format column=layout',
} as const;

// Layouts of times, as --time-format names them: `DD.MM.YYYY HH:mm` reads `09.10.2026 10:00`, and no other text.
import { Info } from 'luxon';
import { UsageError } from '../../../db/core/errors';
import { LAYOUT_TOKENS } from '../options';

/** Reads a text of one layout: the same time in ISO 8601, or undefined for a text that has another layout. */
export type LayoutReader = (text: string) => string | undefined;

const MONTHS = { MMM: Info.months('short', { locale: 'en' }), MMMM: Info.months('long', { locale: 'en' }) };

/** Token → what it matches. A token may stand in a layout once. */
const TOKENS: Readonly<Record<string, string>> = {
  YYYY: '\\d{4}',
  YY: '\\d{2}',
  MMMM: MONTHS.MMMM.join('|'),
  MMM: MONTHS.MMM.join('|'),
  MM: '\\d{2}',
  M: '\\d{1,2}',
  DD: '\\d{2}',
  D: '\\d{1,2}',
  HH: '\\d{2}',
  H: '\\d{1,2}',
  hh: '\\d{2}',
  h: '\\d{1,2}',
  mm: '\\d{2}',
  ss: '\\d{2}',
  A: 'AM|PM',
  Z: 'Z|[+-]\\d{2}(?::?\\d{2})?',
};

const PART = /\[([^\]]*)\]|S+|Y+|M+|D+|H+|h+|m+|s+|A|Z|T|([A-Za-z])\2*|[^A-Za-z]/g;

/**
 * Reads a layout. Two letters stand for exactly two digits, one letter (D, M, H, h) for one or two. `S` is a fraction of one to
 * nine digits, `SSS` one of exactly three. Text in brackets, a T and everything that is not a letter stand for themselves.
 * @throws UsageError for a layout that is not one, or that lacks year, month or day.
 */
export function layoutReader(layout: string): LayoutReader {
  const names: string[] = [];
  const token = (name: string, pattern: string): string => {
    names.push(name);
    return `(?<${name}>${pattern})`;
  };
  const patterns = Array.from(layout.matchAll(PART), ([part, literal]) => {
    if (literal !== undefined || part === 'T' || /[^A-Za-z]/.test(part)) return escaped(literal ?? part);
    if (/^S{1,9}$/.test(part)) return token('S', part === 'S' ? '\\d{1,9}' : `\\d{${part.length}}`);
    const pattern = Object.hasOwn(TOKENS, part) ? TOKENS[part] : undefined;
    if (pattern === undefined) throw wrong(layout, `${part} is not a part of a layout`);
    return token(part, pattern);
  });
  const has = (...tokens: readonly string[]): number => tokens.filter((one) => names.includes(one)).length;
  const once = [
    ['YYYY', 'YY'],
    ['MMMM', 'MMM', 'MM', 'M'],
    ['DD', 'D'],
  ];
  if (new Set(names).size < names.length || once.some((tokens) => has(...tokens) !== 1))
    throw wrong(layout, 'it needs year, month and day, each once');
  if (has('HH', 'H', 'hh', 'h') > 1 || has('hh', 'h') !== has('A'))
    throw wrong(layout, 'it needs HH or H, or else hh or h together with A');
  if ((has('mm') && !has('HH', 'H', 'hh', 'h')) || (has('ss') && !has('mm')) || (has('S') && !has('ss')))
    throw wrong(layout, 'minutes need hours, seconds need minutes, and a fraction needs seconds');
  const regex = new RegExp(`^${patterns.join('')}$`, 'i');
  return (text) => {
    const found = regex.exec(text)?.groups;
    return found && isoText(found);
  };
}

type Found = Readonly<Record<string, string | undefined>>;

function isoText(found: Found): string | undefined {
  const { YYYY, YY, S, Z = '' } = found;
  // As PostgreSQL and POSIX read two digits.
  const year = YYYY ?? `${Number(YY) < 69 ? '20' : '19'}${YY}`;
  const hour = hourOf(found);
  if (hour === undefined) return undefined;
  const time = `${hour}:${found.mm ?? '00'}:${found.ss ?? '00'}${S === undefined ? '' : `.${S}`}`;
  return `${year}-${monthOf(found)}-${two(found.DD ?? found.D)}T${time}${Z.toUpperCase()}`;
}

function monthOf({ MMMM, MMM, MM, M }: Found): string {
  const name = MMMM ?? MMM;
  if (name === undefined) return two(MM ?? M);
  const at = MONTHS[MMM === undefined ? 'MMMM' : 'MMM'].findIndex(
    (month) => month.toLowerCase() === name.toLowerCase(),
  );
  return two(String(at + 1));
}

function hourOf({ HH, H, hh, h, A }: Found): string | undefined {
  if (A === undefined) return two(HH ?? H ?? '00');
  const hour = Number(hh ?? h);
  if (hour < 1 || hour > 12) return undefined;
  return two(String((hour % 12) + (A.toUpperCase() === 'PM' ? 12 : 0)));
}

const two = (digits: string | undefined): string => (digits ?? '').padStart(2, '0');

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

const wrong = (layout: string, why: string): UsageError =>
  new UsageError(
    `--time-format ${layout}: ${why}; write a layout of ${LAYOUT_TOKENS}, e.g. 'DD.MM.YYYY HH:mm', or one of iso, unix, unix-ms, unix-us, unix-ns`,
  );

// Which numbers the columns of a type take: those that sums, averages and deviations of any number of rows can carry.

/** The sizes that numbers other than 0 may have, without their sign; both ends included. */
interface Limits {
  readonly smallest: number;
  readonly largest: number;
}

// PostgreSQL raises an error when a float becomes infinite or 0 on the way, and then no query over the rows has an answer. For an
// average or a deviation it squares n times the difference of two values, so 1e140 leaves room for 1e13 rows. A sum divided by a
// count stays above 0 from 1e-290 on. A numeric has the same limits, because percentiles are computed as double precision.
const WIDE: Limits = { smallest: 1e-290, largest: 1e140 };

const LIMITS: Readonly<Record<string, Limits>> = {
  'double precision': WIDE,
  numeric: WIDE,
  // The sum of real values is a real again. The smallest one is the smallest that does not become 0.
  real: { smallest: 1e-45, largest: 1e25 },
};

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const WHOLE = /^[+-]?\d+$/;
const NOT_FINITE = /^[+-]?(?:nan|inf|infinity)$/i;
const MOST_CHARACTERS = 1_000;

/** Whether numbers of the type, as `format_type()` prints it, have limits here. Types of whole numbers have those of the server. */
export const hasLimits = (type: string): boolean => Object.hasOwn(LIMITS, type);

/** Why a column of the type does not take a number; undefined when it does. */
export function faultOfNumber(type: string, value: number): string | undefined {
  const limits = LIMITS[type];
  if (limits === undefined) return undefined;
  if (!Number.isFinite(value)) return `must be a finite number, got ${value}`;
  return isWithin(limits, value) ? undefined : outOfLimits(limits, String(value));
}

/**
 * Why a column of the type does not take the number of a text; undefined when it does, and also when the text is no decimal
 * number, because then the server decides what it is. A whole number that a floating-point column would change is refused:
 * it is a counter or an identifier, and its last digits are what tells two of them apart.
 */
export function faultOfNumberText(type: string, text: string): string | undefined {
  const limits = LIMITS[type];
  if (limits === undefined) return undefined;
  const written = text.trim();
  if (NOT_FINITE.test(written)) return `must be a finite number, got ${written}`;
  if (written.length > MOST_CHARACTERS) return `has more than ${MOST_CHARACTERS} characters`;
  if (!DECIMAL.test(written)) return undefined;
  const value = Number(written);
  const lost = value === 0 && /[1-9]/.test(written.replace(/e.*/i, ''));
  if (lost || !isWithin(limits, value)) return outOfLimits(limits, shortened(written));
  // A number that comes back as the same text is not changed either.
  const isChanged =
    String(value) !== written && WHOLE.test(written) && BigInt(written.replace('+', '')) !== BigInt(value);
  if (type !== 'numeric' && isChanged)
    return `is the whole number ${shortened(written)}, which a column of type ${type} would change to ${BigInt(value)}; send it to a column of type bigint or numeric`;
  return undefined;
}

/** An SQL condition that is true when a column of the type takes the value of an expression; undefined for a type without limits. */
export function withinLimitsSql(type: string, expression: string): string | undefined {
  const limits = LIMITS[type];
  if (limits === undefined) return undefined;
  // In PostgreSQL, NaN is greater than every number.
  const wide = type === 'numeric' ? 'numeric' : 'double precision';
  return `(${expression} IS NULL OR ${expression} = 0 OR abs(${expression}::${wide}) BETWEEN '${limits.smallest}'::${wide} AND '${limits.largest}'::${wide})`;
}

/**
 * An SQL condition that is true for a number of the type that no sum can carry; undefined for a type without limits. NaN and the
 * infinities are none: they give NaN or infinity, and no error.
 */
export function beyondLimitsSql(type: string, expression: string): string | undefined {
  const within = withinLimitsSql(type, expression);
  return within && `(NOT ${within} AND abs(${expression}) < 'Infinity')`;
}

const isWithin = ({ smallest, largest }: Limits, value: number): boolean =>
  value === 0 || (Math.abs(value) >= smallest && Math.abs(value) <= largest);

const outOfLimits = ({ smallest, largest }: Limits, shown: string): string =>
  `is ${shown}, and sums and averages can only carry 0 and numbers of a size from ${smallest} to ${largest}`;

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

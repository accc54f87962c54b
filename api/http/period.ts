// Periods as clients write them: `36h`, `7d`, `2w`, `3m` (months), `1y`.
import { ProblemError } from './problems';

/** What `parsePeriod` accepts, for schemas. */
export const PERIOD_PATTERN = '^[1-9][0-9]{0,3}[hdwmy]$';

const UNITS: Readonly<Record<string, string>> = { h: 'hour', d: 'day', w: 'week', m: 'month', y: 'year' };

// PostgreSQL's calendar starts in 4713 BC; `now() - 9999 years` would be an error. No row is older than this.
const MAX_YEARS = 4000;

/**
 * Reads a period and returns the PostgreSQL interval to bind: `3m` → `3 month`.
 * @throws ProblemError (bad-period) that names the allowed forms.
 */
export function parsePeriod(text: string): string {
  if (!new RegExp(PERIOD_PATTERN).test(text)) throw badPeriod(text);
  const count = Number(text.slice(0, -1));
  const unit = text.slice(-1);
  return `${unit === 'y' ? Math.min(count, MAX_YEARS) : count} ${UNITS[unit]}`;
}

/** The problem for a period that is none; long input is shortened. */
export function badPeriod(got: unknown): ProblemError {
  const shown = typeof got === 'string' ? JSON.stringify(got.slice(0, 40)) : 'not one text';
  return new ProblemError(
    'bad-period',
    `The period is ${shown}; write a whole number from 1 to 9999 and a unit: Nh (hours), Nd (days), Nw (weeks), Nm (months) or Ny (years), for example ?period=7d`,
  );
}

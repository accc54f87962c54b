// The environment of processes that a benchmark starts: one database, defaults for all other settings.
import type { Environment } from '../../db/core/settings';

/** What of the caller's environment could change what is measured, or name another database. */
const OURS = /^(PG.*|TSDB_.*|DATABASE_URL|HOST|PORT|LOG_LEVEL)$/;

/** Settings of the caller are left out, those in `own` are set. */
export const childEnvironment = (
  env: Environment,
  own: Readonly<Record<string, string>>,
): Record<string, string | undefined> => ({
  ...Object.fromEntries(Object.entries(env).filter(([name]) => !OURS.test(name))),
  ...own,
});

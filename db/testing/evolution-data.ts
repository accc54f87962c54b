// Rows for tests of changed aggregates, and what is stored of them.
import type { Template } from '../local/test-servers';
import type { EngineName } from '../model';
import { withConnection } from '../server/connection';
import { withRetry } from '../server/retry';
import { applied, execute, select } from './apply';
import { type Works, works } from './evolution-sets';

/** Statements that insert one reading every 20 minutes over the last `days` days, with chunks for them. */
export function fill(engine: EngineName, days: number): readonly string[] {
  return [
    ...(engine !== 'timescaledb'
      ? [`SELECT tsdb.ensure_chunks('works', 'reading', now() - interval '${days} days', now())`]
      : []),
    `INSERT INTO works.reading SELECT now() - n * interval '20 minutes', 'device ' || n % 3, 'site ' || n % 2, n FROM generate_series(0, ${days * 72 - 1}) n`,
  ];
}

/** A statement that drops the raw rows older than `days`; the aggregates keep their buckets. */
export const dropRaw = (engine: EngineName, days: number): string =>
  engine !== 'timescaledb'
    ? `SELECT tsdb.drop_expired('works', 'reading', now() - interval '${days} days')`
    : `SELECT public.drop_chunks('works.reading', older_than => now() - interval '${days} days')`;

/** Refreshes aggregates by hand, sources first: further than their policies would. */
export async function refresh(url: string, ...names: readonly string[]): Promise<void> {
  await withConnection(url, async (db) => {
    // Again when it meets the policy's own first run.
    for (const name of names)
      await withRetry(() =>
        db.query(`CALL public.refresh_continuous_aggregate('${name}'::regclass, NULL, NULL)`),
      );
  });
}

// Part of the key below, as rows are inserted when the template is built: one that a worker finds is never older than a day.
const today = Math.floor(Date.now() / 86_400_000);

/** The set with rows of the last `days` days, refreshed or not. */
export function filledWorks(engine: EngineName, set: Works, days: number, refreshed: boolean): Template {
  const empty = applied([works(set)]);
  return {
    key: ['works', today, days, refreshed],
    base: empty,
    build: async (url) => {
      await execute(url, ...fill(engine, days));
      if (refreshed) await refresh(url, 'works.hourly', ...(set.daily ? ['works.daily'] : []));
    },
  };
}

/** The one row of a query. */
export async function one<Row extends object>(url: string, sql: string): Promise<Row> {
  const [row] = await select<Row>(url, sql);
  return row as Row;
}

/** Views, tables and jobs that an unfinished or careless evolution would leave. */
export async function leftovers(url: string, engine: EngineName): Promise<readonly string[]> {
  const rows = await select<{ name: string }>(
    url,
    `SELECT c.relname::text AS name FROM pg_class c WHERE c.relname ~ '__(next|old)'
     UNION ALL SELECT aggregate FROM tsdb.pending_refresh
     UNION ALL ${
       engine !== 'timescaledb'
         ? `SELECT 'job on ' || object_name FROM tsdb.job j WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.relname = j.object_name)`
         : `SELECT 'job ' || job_id FROM timescaledb_information.jobs WHERE job_id >= 1000 AND (hypertable_name IS NULL OR hypertable_name::text NOT IN ('hourly', 'daily', 'reading'))`
     }`,
  );
  return rows.map(({ name }) => name);
}

// Deletes rows of a hypertable together with what every aggregate holds of them.
import { RefusedError } from '../core/errors';
import { invocation } from '../core/invocation';
import { counted } from '../core/quantities';
import { ident, relation } from '../core/sql';
import { type Dependent, readDependents } from '../engines/dependents';
import { readStored, type StoredWithSources } from '../engines/stored-aggregates';
import type { Db, EngineName } from '../model';
import { BODY_KEY, ingestRequests } from '../schema/service';
import { isoText } from '../server/ask';
import { withTransaction } from '../server/connection';
import { withRetry } from '../server/retry';
import { columnarChunks } from './columnar';
import { type Bounds, goneAmong, type Kept, safeParts } from './history-guard';
import { recompute, spansOf, type Touched, touchedBuckets } from './touched-buckets';

/** Which rows to delete. */
export interface Deletion {
  readonly table: { readonly schema: string; readonly name: string; readonly time: string };
  /** Start, inclusive, and end, exclusive; ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** The rows as an SQL condition, which contains the range, and the values of its placeholders. */
  readonly condition: string;
  readonly values: readonly unknown[];
  /** Only counts. */
  readonly dryRun: boolean;
}

/** What was deleted, or would be. */
export interface DeletionResult {
  readonly rows: number;
  /** Every aggregate on the table, each after the one that it reads. */
  readonly aggregates: readonly DeletedFrom[];
}

/** What the deletion meant for an aggregate. */
export interface DeletedFrom {
  readonly aggregate: string;
  /** How many stored buckets were computed without the rows. */
  readonly buckets: number;
  /** Start of the first and end of the last of them, ISO 8601; null when there is none. */
  readonly from: string | null;
  readonly to: string | null;
  /** Buckets of the whole range that stay as they are, because source rows of them were gone before. */
  readonly kept: Kept | null;
  /** Why the server still calls the buckets stale, although they are right; null when it does not. */
  readonly unsettled: string | null;
}

/** The session may not delete the rows, or may not change an aggregate that holds figures of them. */
export class DeletionRightsError extends RefusedError {}

/**
 * Deletes the rows. One transaction deletes them and computes again the stored buckets that they were in, at every level: nobody
 * ever sees one without the other, and a failure changes nothing. On TimescaleDB a refresh then tells the server that these
 * buckets are up to date, and until then it calls them stale. Repeating a deletion finds no rows, and does what is left of this.
 * @throws RefusedError before anything is deleted, when a bucket cannot be computed again without losing more than the rows;
 * DeletionRightsError when the session lacks rights.
 */
export async function deleteRows(db: Db, engine: EngineName, deletion: Deletion): Promise<DeletionResult> {
  const dependents = await readDependents(db, engine, deletion.table);
  await requireRights(db, deletion, dependents);
  const { rows, touched } = await withRetry(() => deleteAtOnce(db, engine, deletion, dependents), {
    attempts: 5,
  });
  const aggregates: DeletedFrom[] = [];
  for (const one of touched) {
    const settled =
      deletion.dryRun || engine !== 'timescaledb' ? SETTLED : await settle(db, engine, one.level, deletion);
    aggregates.push({ ...(await shown(db, one)), ...settled });
  }
  return { rows, aggregates };
}

async function requireRights(db: Db, { table }: Deletion, dependents: readonly Dependent[]): Promise<void> {
  const { rows } = await db.query<{ role: string; may: boolean }>(
    `SELECT current_user::text AS role, has_table_privilege($1::regclass, 'DELETE') AS may`,
    [relation(table)],
  );
  const [{ role, may } = { role: 'of this session', may: false }] = rows;
  const locked = dependents.filter(({ mayChange }) => !mayChange).map(({ name }) => name);
  if (may && locked.length === 0) return;
  const what = may
    ? `change ${locked.join(', ')}, which ${locked.length === 1 ? 'holds' : 'hold'} figures of these rows`
    : `delete rows of ${table.schema}.${table.name}`;
  throw new DeletionRightsError(
    `The role ${role} may not ${what}; nothing was deleted. Run "${invocation('delete')}" as the owner of the tables`,
  );
}

interface Deleted {
  readonly rows: number;
  readonly touched: readonly Touched[];
}

async function deleteAtOnce(
  db: Db,
  engine: EngineName,
  deletion: Deletion,
  dependents: readonly Dependent[],
): Promise<Deleted> {
  const levels = await readLevels(db, engine, dependents);
  const work = async (): Promise<Deleted> => {
    await db.query(`SET LOCAL lock_timeout = '3s'`);
    // Rows of the columnstore are deleted as rows, however many they are.
    if (engine === 'timescaledb')
      await db.query('SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0');
    // A refresh at the same time would store what it has read before.
    if (!deletion.dryRun)
      for (const { aggregate } of levels)
        await db.query(
          `LOCK TABLE ONLY ${ident(aggregate.stored.schema, aggregate.stored.name)} IN SHARE ROW EXCLUSIVE MODE`,
        );
    await requireSameAggregates(db, engine, deletion, levels);
    if (engine === 'citus') await requireRows(db, deletion);
    return deleteLocked(db, engine, deletion, levels);
  };
  // One snapshot, which is taken after the locks: the rows that are looked at are the rows that are deleted.
  return withTransaction(db, work, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
}

/** @throws RefusedError when chunks of the range are columnar: Citus deletes no rows of them. */
async function requireRows(db: Db, { table, from, to }: Deletion): Promise<void> {
  const chunks = await columnarChunks(db, table, { from, to });
  const [first, last] = [chunks[0], chunks.at(-1)];
  if (first === undefined || last === undefined) return;
  throw new RefusedError(
    `${counted(chunks.length, 'chunk')} of ${table.schema}.${table.name} in this range (${first.from} to ${last.to}) are columnar, and Citus cannot delete rows of columnar chunks; nothing was deleted. Turn them into rows first: "${invocation(`decompress ${table.schema}.${table.name} --from ${first.from} --to ${last.to}`)}", or choose a range without them`,
  );
}

async function readLevels(
  db: Db,
  engine: EngineName,
  dependents: readonly Dependent[],
): Promise<readonly StoredWithSources[]> {
  const odd = dependents.find(({ plainBuckets }) => !plainBuckets);
  if (odd !== undefined)
    throw new RefusedError(
      `${odd.name} has buckets with an origin, an offset or a time zone, which a deletion cannot compute again; nothing was deleted. Delete the rows with SQL, and then refresh the aggregate over their range`,
    );
  const levels: StoredWithSources[] = [];
  for (const { name } of dependents) levels.push(await readStored(db, engine, name));
  return levels;
}

async function requireSameAggregates(
  db: Db,
  engine: EngineName,
  { table }: Deletion,
  levels: readonly StoredWithSources[],
): Promise<void> {
  const now = await readLevels(db, engine, await readDependents(db, engine, table));
  const tables = (all: readonly StoredWithSources[]): string =>
    all.map(({ aggregate: { name, stored } }) => `${name} ${stored.schema}.${stored.name}`).join();
  if (tables(now) === tables(levels)) return;
  throw new RefusedError(
    `The aggregates on ${table.schema}.${table.name} have changed a moment ago; nothing was deleted. Try again`,
  );
}

async function deleteLocked(
  db: Db,
  engine: EngineName,
  { table, condition, values, dryRun }: Deletion,
  levels: readonly StoredWithSources[],
): Promise<Deleted> {
  const rows = { table: relation(table), time: ident(table.time), condition, values };
  const found = await db.query<{ rows: string }>(
    `SELECT count(*)::text AS rows FROM ${rows.table} WHERE ${condition}`,
    [...values],
  );
  const touched = await touchedBuckets(db, rows, levels);
  for (const one of touched) await requireHistory(db, engine, one);
  if (!dryRun) {
    await db.query(`DELETE FROM ${rows.table} WHERE ${condition}`, [...values]);
    for (const one of touched) await recompute(db, one);
    await forgetBodies(db);
  }
  return { rows: Number(found.rows[0]?.rows), touched };
}

/** Forgets which bodies were stored: one that is sent again now shall bring its rows back. */
async function forgetBodies(db: Db): Promise<void> {
  const requests = relation(ingestRequests);
  const { rows } = await db.query<{ may: boolean | null }>(
    `SELECT has_table_privilege(to_regclass($1), 'DELETE') AS may`,
    [requests],
  );
  if (rows[0]?.may) await db.query(`DELETE FROM ${requests} WHERE key LIKE '${BODY_KEY}%'`);
}

/** @throws RefusedError when a bucket holds rows that its source has no more: computing it again would lose them, too. */
async function requireHistory(db: Db, engine: EngineName, { level, times, ranges }: Touched): Promise<void> {
  const { aggregate } = level;
  const gone = await goneAmong(db, engine, level, spansOf(ranges));
  const { rows } = await db.query<Bounds>(
    `SELECT ${isoText('lower(r)')} AS "from", ${isoText('upper(r)')} AS "to"
       FROM unnest($1::tstzmultirange * coalesce((SELECT range_agg(m) FROM unnest($2::tstzmultirange[]) m), '{}')) r ORDER BY r`,
    [times, gone],
  );
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return;
  const named = rows.slice(0, 5).map(({ from, to }) => `${from} to ${to}`);
  const more = rows.length > named.length ? ` and ${counted(rows.length - named.length, 'more range')}` : '';
  throw new RefusedError(
    `Stored buckets of ${aggregate.name} (${named.join(', ')}${more}) hold rows that ${aggregate.source} has no more, or that are past its retention. Computing them again would lose these rows, too, so nothing was deleted. Choose a range without these buckets. If what they hold may be lost, first compute them from the rows that are left: "${invocation(`refresh ${aggregate.name} --from ${first.from} --to ${last.to} --force --allow loses-history`)}"`,
  );
}

const SETTLED = { kept: null, unsettled: null } as const;

/** Refreshes what the server has noted for the range. The guard leaves out what cannot be computed again. */
async function settle(
  db: Db,
  engine: EngineName,
  level: StoredWithSources,
  { from, to }: Deletion,
): Promise<Pick<DeletedFrom, 'kept' | 'unsettled'>> {
  const { name, width, watermark } = level.aggregate;
  const [schema = '', view = ''] = name.split('.');
  const bucket = (time: string): string => `public.time_bucket('${width}'::interval, ${time})`;
  try {
    const { rows } = await db.query<Bounds>(
      `SELECT lower(r)::text AS "from", upper(r)::text AS "to"
         FROM (SELECT tstzrange(${bucket('$1::timestamptz')}, ${bucket(`$2::timestamptz - interval '1 microsecond'`)} + '${width}'::interval)
                    * tstzrange(NULL, ${watermark}) AS r) range WHERE NOT isempty(r)`,
      [from, to],
    );
    let kept: Kept | null = null;
    for (const range of rows) {
      const safe = await safeParts(db, engine, level, range);
      kept = safe.kept;
      for (const part of safe.parts)
        await withRetry(
          () =>
            db.query(
              'CALL public.refresh_continuous_aggregate($1::regclass, $2::timestamptz, $3::timestamptz)',
              [ident(schema, view), part.from, part.to],
            ),
          { attempts: 5 },
        );
    }
    return { kept, unsettled: null };
  } catch (error) {
    // The rows are deleted and the buckets are right: only what the server has noted is left.
    return { kept: null, unsettled: error instanceof Error ? error.message : String(error) };
  }
}

async function shown(
  db: Db,
  { level, ranges, buckets }: Touched,
): Promise<Pick<DeletedFrom, 'aggregate' | 'buckets' | 'from' | 'to'>> {
  const { rows } = await db.query<{ from: string | null; to: string | null }>(
    `SELECT ${isoText('$1::timestamptz')} AS "from", ${isoText('$2::timestamptz')} AS "to"`,
    [ranges[0]?.from ?? null, ranges.at(-1)?.to ?? null],
  );
  return {
    aggregate: level.aggregate.name,
    buckets,
    ...(rows[0] as { from: string | null; to: string | null }),
  };
}

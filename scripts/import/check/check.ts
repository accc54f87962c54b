// The first pass over a file: every row is checked before one is written. Also finds batches, times and the digest.
import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { chunkSpanMs } from '../../../api/ingest/row-reader';
import { messageOf, UsageError } from '../../../db/core/errors';
import { ident, literal } from '../../../db/core/sql';
import { withRollback } from '../../../db/server/connection';
import type { ImportOptions, Watcher } from '../options';
import { type Cut, cutBatches } from '../read/batches';
import type { Content } from '../read/content';
import type { RowSource } from '../read/row-source';
import { readRows, type Verdict, verdictOn } from '../read/rows';
import type { RejectFile } from './reject-file';
import { clearStage, prepareSession, stage } from './staging';
import { type Found, Sums } from './sums';

/** A batch as it was found; times in microseconds since 1970 would lose digits of far ones, so they are texts. */
export interface Batch {
  readonly number: number;
  /** Its length in bytes. */
  readonly length: number;
  readonly line: number;
  /** Records that are not blank. */
  readonly records: number;
  /** Its bytes may be sent as they stand, without the refused rows. */
  readonly isUniform: boolean;
  /** Places of the rows that were refused. */
  readonly refused: readonly number[];
  readonly from: string | null;
  readonly to: string | null;
  /** A time in each chunk that it needs, if not in more. */
  readonly times: readonly string[];
  readonly digest: string;
}

/** What the first pass found. */
export interface Checked {
  readonly batches: readonly Batch[];
  readonly records: number;
  readonly rejected: number;
  readonly expired: number;
  readonly from: string | null;
  readonly to: string | null;
  /** The rejects were too many to go on to the end. */
  readonly stoppedEarly: boolean;
}

/** More refused rows than allowed that are still looked for, so that they can be corrected at once. */
const REJECTS_BEYOND = 10_000;

/** What the first pass needs. */
export interface CheckInput {
  readonly db: Client;
  readonly options: ImportOptions;
  readonly content: Content;
  readonly rejects: RejectFile;
  readonly watcher: Watcher;
}

/** Checks every row of a file and writes those that are invalid to the file of rejects. */
export async function checkRows({ db, options, content, rejects, watcher }: CheckInput): Promise<Checked> {
  const { signal, onChecked } = watcher;
  const source = content.newSource();
  const edge = await expiryEdge(db, options);
  const sums = new Sums(options, source, edge);
  const batches: Batch[] = [];
  let [records, rejected, expired, bytes] = [0, 0, 0, 0];
  let isPrepared = false;
  let stoppedEarly = false;
  const { file } = options;
  const { scanner } = source;
  const onRecord = (bytes: Buffer): void => sums.add(bytes);
  for await (const cut of cutBatches({ bytes: content.bytes, line: content.line, scanner, file, onRecord })) {
    signal?.throwIfAborted();
    const number = batches.length;
    const found = sums.take(cut);
    if (found.doubtful.length > 0 && !isPrepared) {
      await prepareSession(db, options, source.columns);
      isPrepared = true;
    }
    const asked = found.doubtful.length > 0 ? await askServer(db, options, source, cut, found) : NOTHING;
    batches.push({
      number,
      length: cut.bytes.length,
      line: cut.line,
      records: found.records,
      digest: digestOf(cut.bytes),
      isUniform: found.isUniform,
      refused: asked.verdicts.map(({ place }) => place),
      from: earliest([found.from, asked.from]),
      to: latest([found.to, asked.to]),
      times: [...new Set([...found.times, ...asked.times])],
    });
    expired += found.expired + asked.expired;
    rejected += asked.verdicts.length;
    await rejects.add(asked.verdicts);
    records += found.records;
    bytes += cut.bytes.length;
    onChecked?.(bytes);
    stoppedEarly = rejected > options.maxRejects + REJECTS_BEYOND;
    if (stoppedEarly) break;
  }
  return {
    batches,
    records,
    rejected,
    expired,
    from: earliest(batches.map(({ from }) => from)),
    to: latest(batches.map(({ to }) => to)),
    stoppedEarly,
  };
}

// Texts of RFC 3339 in UTC with as many digits come in the order of their times.
const earliest = (times: readonly (string | null)[]): string | null => present(times).sort().at(0) ?? null;
const latest = (times: readonly (string | null)[]): string | null => present(times).sort().at(-1) ?? null;
const present = (times: readonly (string | null)[]): string[] => times.filter((time) => time !== null);

/** Says whether bytes are those that were checked. */
export const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64');

// Microseconds since 1970; rows before it are past retention.
async function expiryEdge(db: Client, { table }: ImportOptions): Promise<number> {
  if (table.retention === undefined) return Number.NEGATIVE_INFINITY;
  const { rows } = await db.query<{ edge: string }>(
    `SELECT (extract(epoch FROM now() - ${literal(table.retention)}::interval) * 1000000)::bigint AS edge`,
  );
  return Number(rows[0]?.edge);
}

/** What the server says of doubtful rows. */
interface Asked {
  readonly from: string | null;
  readonly to: string | null;
  readonly expired: number;
  /** A time in each chunk that they need, if not in more. */
  readonly times: readonly string[];
  readonly verdicts: readonly Verdict[];
}

const NOTHING: Asked = { from: null, to: null, expired: 0, times: [], verdicts: [] };

async function askServer(
  db: Client,
  options: ImportOptions,
  source: RowSource,
  cut: Cut,
  { doubtful }: Found,
): Promise<Asked> {
  const places = new Set(doubtful);
  return withRollback(db, async () => {
    await clearStage(db);
    const verdicts: Verdict[] = [];
    for (const { rows, refused } of readRows(source, cut, (place) => places.has(place))) {
      const unstaged = await stage(db, source.columns, rows);
      verdicts.push(...refused, ...unstaged.map(({ row, reason }) => verdictOn(cut.bytes, row, reason)));
    }
    const { rows: staged, ...sums } = await sumUpStage(db, options);
    if (staged + verdicts.length !== doubtful.length)
      throw new Error(`of ${doubtful.length} rows ${staged} were taken and ${verdicts.length} refused`);
    return { ...sums, verdicts: verdicts.sort((a, b) => a.place - b.place) };
  });
}

async function sumUpStage(
  db: Client,
  { table, shift }: ImportOptions,
): Promise<Omit<Asked, 'verdicts'> & { readonly rows: number }> {
  const time = `(${ident(table.time)} + $1::interval)`;
  const expired =
    table.retention === undefined ? 'false' : `${time} < now() - ${literal(table.retention)}::interval`;
  const iso = (sql: string): string => `to_char(${sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  const width = `${Math.max(1, Math.floor(chunkSpanMs(table) / 1_000))}`;
  const { rows } = await db
    .query<Omit<Asked, 'verdicts'> & { readonly rows: number }>(
      `SELECT ${iso('min(low)')} AS "from", ${iso('max(high)')} AS "to", coalesce(sum(n), 0)::int AS rows,
              coalesce(sum(old), 0)::int AS expired,
              coalesce(array_agg(${iso('low')}) || array_agg(${iso('high')}), '{}') AS times
         FROM (SELECT min(${time}) AS low, max(${time}) AS high, count(*) AS n, count(*) FILTER (WHERE ${expired}) AS old
                 FROM pg_temp.incoming GROUP BY floor(extract(epoch FROM ${time}) / ${width})) span`,
      [shift],
    )
    .catch((error: unknown) => {
      throw new UsageError(`--shift ${shift}: ${messageOf(error)}`, { cause: error });
    });
  return rows[0] as Omit<Asked, 'verdicts'> & { readonly rows: number };
}

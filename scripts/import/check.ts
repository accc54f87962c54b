// The first pass over a file: every row is checked before one is written. Also finds batches, times and the digest.
import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { chunkSpanMs } from '../../api/ingest/row-reader';
import { withRollback } from '../../db/connection';
import { messageOf, UsageError } from '../../db/errors';
import { ident, literal } from '../../db/sql';
import { type Cut, cutBatches } from './batches';
import type { ImportOptions, Watcher } from './options';
import type { RejectFile } from './reject-file';
import type { RowSource } from './row-source';
import { prepareSession, type StagedRow, stage, type Verdict } from './staging';
import { Sums } from './sums';

/** A batch as it was found; times in microseconds since 1970 would lose digits of far ones, so they are texts. */
export interface Batch {
  readonly number: number;
  /** Its length in bytes. */
  readonly length: number;
  readonly line: number;
  /** Records that are not blank. */
  readonly records: number;
  /** The server takes its bytes as they stand. */
  readonly sure: boolean;
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

/** Reads the bytes after a header, which ends before `line`. */
export async function checkRows(
  db: Client,
  options: ImportOptions,
  source: RowSource,
  chunks: AsyncIterable<Buffer>,
  line: number,
  rejects: RejectFile,
  { signal, onChecked }: Watcher,
): Promise<Checked> {
  const edge = await expiryEdge(db, options);
  const sums = new Sums(options, source, edge);
  const batches: Batch[] = [];
  let [records, rejected, expired, bytes] = [0, 0, 0, 0];
  let isPrepared = false;
  let stoppedEarly = false;
  for await (const cut of cutBatches(chunks, source, options.file, line, (bytes) => sums.add(bytes))) {
    signal?.throwIfAborted();
    const number = batches.length;
    const found = sums.take(cut);
    const base = {
      number,
      length: cut.bytes.length,
      line: cut.line,
      records: found.records,
      digest: digestOf(cut.bytes),
    };
    if (found.sure) {
      batches.push({ ...base, sure: true, refused: [], from: found.from, to: found.to, times: found.times });
      expired += found.expired;
    } else {
      if (!isPrepared) await prepareSession(db, options, source.columns);
      isPrepared = true;
      const asked = await askServer(db, options, source, cut, found.records);
      batches.push({ ...base, ...asked.batch });
      expired += asked.expired;
      rejected += asked.verdicts.length;
      await rejects.add(asked.verdicts);
    }
    records += found.records;
    bytes += cut.bytes.length;
    onChecked?.(bytes);
    stoppedEarly = rejected > options.maxRejects + REJECTS_BEYOND;
    if (stoppedEarly) break;
  }
  const times = batches.flatMap(({ from, to }) =>
    from === null || to === null ? [] : [[from, to] as const],
  );
  return {
    batches,
    records,
    rejected,
    expired,
    from: extreme(
      times.map(([from]) => from),
      (a, b) => a < b,
    ),
    to: extreme(
      times.map(([, to]) => to),
      (a, b) => a > b,
    ),
    stoppedEarly,
  };
}

const extreme = (times: readonly string[], wins: (a: string, b: string) => boolean): string | null =>
  times.reduce<string | null>((best, time) => (best === null || wins(time, best) ? time : best), null);

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

/** The rows of a batch as texts, and those that are none. */
export function readRows(
  source: RowSource,
  bytes: Buffer,
  line: number,
  skipped: ReadonlySet<number> = new Set(),
): { readonly rows: readonly StagedRow[]; readonly refused: readonly Verdict[] } {
  const rows: StagedRow[] = [];
  const refused: Verdict[] = [];
  let place = 0;
  let current = line;
  for (let at = 0; at < bytes.length; ) {
    // A batch holds whole records.
    const next = source.next(bytes, at, true);
    if (source.kind === 'row') {
      if (!skipped.has(place)) {
        const texts = source.texts(bytes, at);
        const original = bytes.toString('utf8', at, source.end);
        if ('reason' in texts) refused.push({ place, line: current, reason: texts.reason, original });
        else rows.push({ place, line: current, original, texts });
      }
      place += 1;
    }
    current += source.lines;
    at = next;
  }
  return { rows, refused };
}

async function askServer(
  db: Client,
  options: ImportOptions,
  source: RowSource,
  cut: Cut,
  records: number,
): Promise<{
  readonly batch: Pick<Batch, 'sure' | 'refused' | 'from' | 'to' | 'times'>;
  readonly expired: number;
  readonly verdicts: readonly Verdict[];
}> {
  const { rows, refused } = readRows(source, cut.bytes, cut.line);
  return withRollback(db, async () => {
    const verdicts = [...refused, ...(await stage(db, source.columns, rows))].sort(
      (a, b) => a.place - b.place,
    );
    const { table, shift } = options;
    const time = `(${ident(table.time)} + $1::interval)`;
    const expired =
      table.retention === undefined ? 'false' : `${time} < now() - ${literal(table.retention)}::interval`;
    const iso = (sql: string): string =>
      `to_char(${sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
    const width = `${Math.max(1, Math.floor(chunkSpanMs(table) / 1_000))}`;
    const { rows: found } = await db
      .query<{
        rows: number;
        from: string | null;
        to: string | null;
        expired: number;
        times: readonly string[];
      }>(
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
    const sum = found[0];
    if (sum === undefined || sum.rows + verdicts.length !== records)
      throw new Error(`of ${records} rows ${sum?.rows} were taken and ${verdicts.length} refused`);
    return {
      batch: {
        sure: false,
        refused: verdicts.map(({ place }) => place),
        from: sum.from,
        to: sum.to,
        times: [...new Set(sum.times)],
      },
      expired: sum.expired,
      verdicts,
    };
  });
}

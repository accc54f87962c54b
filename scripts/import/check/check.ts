// The first pass: checks every row of a file before any row is written, and describes the batches for the second pass.
import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { chunkSpanMs } from '../../../api/ingest/rows';
import { literal } from '../../../db/core/sql';
import type { Destination, IgnoredField, ImportOptions, ResolvedOptions, Watcher } from '../options';
import { cutBatches, type Place } from '../read/batches';
import type { Content, Digests } from '../read/content';
import type { RejectFile } from './reject-file';
import { checkOnServer, type ServerCheck } from './server-check';
import { prepareSession } from './session';
import { type Tallied, Tally } from './tally';

/** An import under way. */
export interface Run {
  readonly db: Client;
  readonly destination: Destination;
  readonly options: ResolvedOptions;
  readonly watcher: Watcher;
  readonly content: Content;
  readonly rejects: RejectFile;
}

/** What the first pass found, with the digests of the file. */
export interface Checked extends Digests {
  readonly batches: readonly Batch[];
  readonly records: number;
  readonly rejected: number;
  /** Number of rows that are past the table's retention. */
  readonly expired: number;
  /** The first and the last time; null without rows. */
  readonly from: string | null;
  readonly to: string | null;
  /** There were too many invalid rows to read the file to its end. */
  readonly stoppedEarly: boolean;
  readonly ignored: readonly IgnoredField[];
  /** With --melt: number of cells that give no row. */
  readonly emptyCells: number;
}

/** An import whose file was checked. */
export interface CheckedRun extends Run {
  readonly checked: Checked;
}

/**
 * A batch as the first pass found it. Its times are in their order, with the earliest and the latest one. They are texts,
 * because numbers would lose digits of times far away.
 */
export interface Batch extends Place, Pick<Tallied, 'records' | 'isUniform' | 'times'> {
  readonly number: number;
  /** Places of the rows that were refused. */
  readonly refused: readonly number[];
  readonly digest: string;
}

/** So many invalid rows more than allowed are still looked for, so that people can correct them all at once. */
const REJECTS_BEYOND = 10_000;

const NOTHING: ServerCheck = { expired: 0, times: [], verdicts: [], converted: false };

/** Checks every row of a file and writes the invalid ones to the file of rejects. */
export async function checkRows(run: Run): Promise<Checked> {
  const { db, options, content, rejects, watcher } = run;
  const source = content.newSource();
  const session = { db, options, source };
  const span = chunkSpanMs(options.table) * 1_000;
  const expiry = await readExpiry(db, options);
  const newTally = (): Tally => new Tally({ source, expiry, span });
  let tally = newTally();
  const cuts = cutBatches({
    bytes: content.bytes,
    line: content.line,
    scanner: source.scanner,
    width: source.width,
    file: options.file,
    onRecord: (bytes) => tally.add(bytes),
  });
  const batches: Batch[] = [];
  let [rejected, expired, emptyCells] = [0, 0, 0];
  let isPrepared = false;
  let stoppedEarly = false;
  for await (const cut of cuts) {
    watcher.signal?.throwIfAborted();
    const { uncertain, records, isUniform, emptyCells: empty, ...certain } = tally.finish(cut.bytes);
    tally = newTally();
    if (uncertain.length > 0 && !isPrepared) await prepareSession(session);
    isPrepared ||= uncertain.length > 0;
    const asked = uncertain.length > 0 ? await checkOnServer(session, cut, uncertain) : NOTHING;
    batches.push({
      number: batches.length,
      length: cut.bytes.length,
      line: cut.line,
      records,
      digest: digestOf(cut.bytes),
      isUniform: isUniform && !asked.converted,
      refused: asked.verdicts.map(({ place }) => place),
      // Texts of RFC 3339 in UTC that have the same number of digits sort as their times do.
      times: [...certain.times, ...asked.times].sort(),
    });
    emptyCells += empty;
    rejected += asked.verdicts.length;
    expired += certain.expired + asked.expired;
    await rejects.add(asked.verdicts);
    stoppedEarly = rejected > options.maxRejects + REJECTS_BEYOND;
    if (stoppedEarly) break;
  }
  const times = batches.flatMap((batch) => batch.times).sort();
  const [from, to] = [times.at(0) ?? null, times.at(-1) ?? null];
  const records = batches.reduce((sum, batch) => sum + batch.records, 0);
  const ignored = source.ignored(records);
  return {
    ...content.digests(),
    batches,
    records,
    rejected,
    expired,
    from,
    to,
    stoppedEarly,
    ignored,
    emptyCells,
  };
}

/** Names the bytes of a batch, so that the second pass notices when the file was changed. */
export const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64');

/** Microseconds since 1970: rows before this time are past retention. */
async function readExpiry(db: Client, { table }: ImportOptions): Promise<number> {
  if (table.retention === undefined) return Number.NEGATIVE_INFINITY;
  const { rows } = await db.query<{ edge: string }>(
    `SELECT (extract(epoch FROM now() - ${literal(table.retention)}::interval) * 1000000)::bigint AS edge`,
  );
  return Number(rows[0]?.edge);
}

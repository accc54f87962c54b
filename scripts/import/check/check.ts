// The first pass over a file: every row is checked before one is written. Also finds batches, times and the digest.
import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { literal } from '../../../db/core/sql';
import type { ImportOptions, Watcher } from '../options';
import { cutBatches } from '../read/batches';
import type { Content } from '../read/content';
import type { RejectFile } from './reject-file';
import { checkOnServer, type ServerCheck } from './server-check';
import { prepareSession } from './session';
import { Sums } from './sums';

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

const NOTHING: ServerCheck = { expired: 0, times: [], verdicts: [] };

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
  const session = { db, options, source };
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
      await prepareSession(session);
      isPrepared = true;
    }
    const asked = found.doubtful.length > 0 ? await checkOnServer(session, cut, found.doubtful) : NOTHING;
    batches.push({
      number,
      length: cut.bytes.length,
      line: cut.line,
      records: found.records,
      digest: digestOf(cut.bytes),
      isUniform: found.isUniform,
      refused: asked.verdicts.map(({ place }) => place),
      from: earliest([found.from, ...asked.times]),
      to: latest([found.to, ...asked.times]),
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

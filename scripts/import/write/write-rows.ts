// Writes the rows of a batch into the table: as the bytes of the file, or as texts, or one by one through the temporary table.
import { messageOf } from '../../../db/core/errors';
import { relation } from '../../../db/core/sql';
import { copyCsv, copyText } from '../../../db/server/copy';
import type { Batch } from '../check/check';
import type { Session } from '../check/session';
import { copyLine, stageRows, takesAll } from '../check/staging';
import type { Held } from '../read/batches';
import { isZero } from '../read/row-source';
import { readRows, type Verdict, verdictOn, withoutRows } from '../read/rows';
import { moveRows } from './move-rows';

/** What became of the rows of a batch. */
export interface Written {
  readonly rows: number;
  /** Number of rows whose keys were in the table already. */
  readonly skipped: number;
  /** Number of refused rows, including those of the first pass. */
  readonly rejected: number;
  /** Verdicts on the rows that only the table itself refused. */
  readonly refused: readonly Verdict[];
}

/**
 * Writes a batch inside a transaction, in the fastest way that it allows. When the server refuses rows, the next way is tried;
 * the last one gives a verdict on each row.
 */
export async function writeRows(session: Session, held: Held<Batch>): Promise<Written> {
  const { records, refused } = held.batch;
  const rows = records - refused.length;
  for (const send of copyWays(session, held))
    if (await takesAll(session.db, rows, send))
      return { rows, skipped: 0, rejected: refused.length, refused: [] };
  return writeStaged(session, held);
}

/** The ways that write a batch with one COPY, the fastest first. */
function copyWays(session: Session, held: Held<Batch>): readonly (() => Promise<number>)[] {
  const { db, options, source } = session;
  const { batch } = held;
  const { columns, rawColumns = [] } = source;
  if (options.onConflict !== 'fail') return [];
  const target = relation(options.table);
  const namesOf = (filled: typeof columns) => filled.map(({ name }) => name);
  const copyBytes = () => {
    const pieces = withoutRows(source, held, new Set(batch.refused));
    return copyCsv(db, target, namesOf(rawColumns), options.delimiter, pieces);
  };
  const copyTexts = () => copyText(db, target, namesOf(columns), copyLines(session, held));
  return [
    ...(batch.isUniform && rawColumns.length > 0 ? [copyBytes] : []),
    ...(canSendTexts(session) ? [copyTexts] : []),
  ];
}

// The texts must be the values of the table: no shift is added to them, and no default takes the place of an absent member.
const canSendTexts = ({ options: { shift, format }, source }: Session): boolean =>
  isZero(shift) &&
  (format === 'csv' || source.columns.every(({ column }) => column.defaultSql === undefined));

function* copyLines({ source }: Session, held: Held<Batch>): Generator<string> {
  for (const row of readRows(source, held, isKept(held.batch))) if ('texts' in row) yield copyLine(row);
}

/** Says whether the first pass has left a row in its batch. */
function isKept({ refused }: Batch): (place: number) => boolean {
  const out = new Set(refused);
  return (place) => !out.has(place);
}

async function writeStaged(session: Session, held: Held<Batch>): Promise<Written> {
  const { batch, bytes } = held;
  const staged = await stageRows(session, held, isKept(batch));
  const moved = await moveRows(session, staged.rows);
  const refused = [
    ...staged.refused,
    ...moved.refused.map(({ row, error }) => verdictOn(bytes, row, messageOf(error))),
  ];
  return {
    rows: moved.stored,
    skipped: staged.rows.length - moved.stored - moved.refused.length,
    rejected: batch.refused.length + refused.length,
    refused,
  };
}

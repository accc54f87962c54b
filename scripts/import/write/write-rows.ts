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
export async function writeRows(session: Session, loaded: Held<Batch>): Promise<Written> {
  const { records, refused } = loaded.batch;
  const rows = records - refused.length;
  for (const send of copyWays(session, loaded))
    if (await takesAll(session.db, rows, send))
      return { rows, skipped: 0, rejected: refused.length, refused: [] };
  return writeStaged(session, loaded);
}

/** The ways that write a batch with one COPY, the fastest first. */
function copyWays(session: Session, { batch, bytes }: Held<Batch>): readonly (() => Promise<number>)[] {
  const { db, options, source } = session;
  const { columns, rawColumns } = source;
  if (options.onConflict !== 'fail') return [];
  const target = relation(options.table);
  const namesOf = (filled: typeof columns) => filled.map(({ name }) => name);
  const sendBytes = () => {
    const pieces = withoutRows(source, bytes, new Set(batch.refused));
    return copyCsv(db, target, namesOf(rawColumns ?? []), options.delimiter, pieces);
  };
  const sendTexts = () => copyText(db, target, namesOf(columns), copyLines(session, batch, bytes));
  return [
    ...(batch.isUniform && rawColumns ? [sendBytes] : []),
    ...(canSendTexts(session) ? [sendTexts] : []),
  ];
}

// The texts must be the values of the table: no shift is added to them, and no default takes the place of an absent member.
const canSendTexts = ({ options: { shift, format }, source }: Session): boolean =>
  isZero(shift) &&
  (format === 'csv' || source.columns.every(({ column }) => column.defaultSql === undefined));

function* copyLines({ source }: Session, batch: Batch, bytes: Buffer): Generator<string> {
  for (const row of readRows(source, { bytes, line: batch.line }, isKept(batch)))
    if ('texts' in row) yield copyLine(row);
}

/** Says whether the first pass has left a row in its batch. */
function isKept({ refused }: Batch): (place: number) => boolean {
  const out = new Set(refused);
  return (place) => !out.has(place);
}

async function writeStaged(session: Session, { batch, bytes }: Held<Batch>): Promise<Written> {
  const staged = await stageRows(session, { bytes, line: batch.line }, isKept(batch));
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

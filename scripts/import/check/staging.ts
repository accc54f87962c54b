// Sends rows of a batch into the temporary table, so that the server gives a verdict on each of them.
import { messageOf } from '../../../db/core/errors';
import type { Db } from '../../../db/model';
import { copyText, copyValue } from '../../../db/server/copy';
import { isAboutRows, refusedRows } from '../../../db/server/refused-rows';
import { withSavepoint } from '../../../db/server/savepoint';
import type { Cut } from '../read/batches';
import { type PlacedRow, readRows, type TextRow, type Verdict, verdictOn } from '../read/rows';
import { inputErrors } from './input-errors';
import { INCOMING, PLACE, type Session } from './session';

/** What became of rows. */
export interface Staged {
  /** Rows that are in the temporary table, in the order of their places. */
  readonly rows: readonly PlacedRow[];
  readonly refused: readonly Verdict[];
  /** The texts of some rows are not those of the file. */
  readonly converted: boolean;
}

const SLICE = 1_000;

/** Fills the temporary table with rows of a batch, inside a transaction. `wants` chooses rows by their places. */
export async function stageRows(
  session: Session,
  cut: Cut,
  wants: (place: number) => boolean,
): Promise<Staged> {
  await session.db.query(`TRUNCATE ${INCOMING}`);
  const staged: PlacedRow[] = [];
  const refused: Verdict[] = [];
  let slice: TextRow[] = [];
  let converted = false;
  const stage = async (): Promise<void> => {
    const reasons = await sendSlice(session, slice);
    for (const row of slice) {
      const { place, line, from, end, cell } = row;
      const reason = reasons.get(row);
      // The texts are not kept: those of a whole batch need much memory.
      if (reason === undefined) staged.push({ place, line, from, end, cell });
      else refused.push(verdictOn(cut.bytes, row, reason));
    }
    slice = [];
  };
  for (const row of readRows(session.source, cut, wants)) {
    if ('reason' in row) refused.push(row);
    else {
      slice.push(row);
      converted ||= row.converted;
    }
    if (slice.length === SLICE) await stage();
  }
  await stage();
  return { rows: staged, refused: refused.sort((a, b) => a.place - b.place), converted };
}

/** Sends rows and returns those that the server refuses, with the reasons. */
async function sendSlice(
  { db, source }: Session,
  rows: readonly TextRow[],
): Promise<ReadonlyMap<TextRow, string>> {
  const names = [PLACE, ...source.columns.map(({ name }) => name)];
  const send = (part: readonly TextRow[]) => copyText(db, INCOMING, names, stagedLines(part));
  if (rows.length === 0 || (await takesAll(db, rows.length, () => send(rows)))) return new Map();
  const reasons = await inputErrors(db, source.columns, rows);
  const others = rows.filter((row) => !reasons.has(row));
  for await (const { row, error } of refusedRows(db, others, send)) reasons.set(row, reasonOf(error));
  return reasons;
}

/**
 * Sends rows behind a savepoint of the open transaction.
 * @param send returns the number of rows that the server took.
 * @returns whether the server took all `count` rows; otherwise none of them stays.
 */
export async function takesAll(db: Db, count: number, send: () => Promise<number>): Promise<boolean> {
  try {
    await withSavepoint(db, async () => {
      if ((await send()) !== count) throw new RowsDiffer();
    });
    return true;
  } catch (error) {
    if (error instanceof RowsDiffer || isAboutRows(error)) return false;
    throw error;
  }
}

class RowsDiffer extends Error {}

function* stagedLines(rows: readonly TextRow[]): Generator<string> {
  for (const row of rows) yield `${row.place}\t${copyLine(row)}`;
}

/** A row in COPY text format. */
export const copyLine = ({ texts }: TextRow): string => `${texts.map(copyValue).join('\t')}\n`;

// The server names the column in the context of its error: "COPY incoming, line 12, column temperature: …".
function reasonOf(error: Error): string {
  const { where } = error as { readonly where?: unknown };
  const column = /\bCOPY \S+, line \d+, column ([^:]+)/.exec(String(where))?.[1];
  const message = messageOf(error).replace(' of relation "incoming"', '');
  return column === undefined ? message : `column ${column}: ${message}`;
}

// Asks the server about the rows of a batch that are not certainly valid.
import { chunkSpanMs } from '../../../api/ingest/rows';
import { counted } from '../../../db/core/quantities';
import { ident, literal } from '../../../db/core/sql';
import { withRollback } from '../../../db/server/connection';
import type { Cut } from '../read/batches';
import type { Verdict } from '../read/rows';
import { blame, INCOMING, type Session } from './session';
import { stageRows } from './staging';

/** What the server says about rows. */
export interface ServerCheck {
  /** Verdicts on the rows that it refuses, in the order of their places. */
  readonly verdicts: readonly Verdict[];
  readonly expired: number;
  /** The first and the last time in each chunk that the rows need. */
  readonly times: readonly string[];
  /** The texts of some rows are not those of the file. */
  readonly converted: boolean;
}

/** Checks the rows at these places of a batch; nothing of them stays in the database. */
export async function checkOnServer(
  session: Session,
  cut: Cut,
  places: readonly number[],
): Promise<ServerCheck> {
  const wanted = new Set(places);
  return withRollback(session.db, async () => {
    const { refused, converted } = await stageRows(session, cut, (place) => wanted.has(place));
    const { staged, ...times } = await readTimes(session);
    if (staged + refused.length !== places.length)
      throw new Error(
        `of ${counted(places.length, 'row')} the server took ${staged} and refused ${refused.length}`,
      );
    return { ...times, verdicts: refused, converted };
  });
}

type StagedTimes = Omit<ServerCheck, 'verdicts' | 'converted'> & { readonly staged: number };

async function readTimes({ db, options }: Session): Promise<StagedTimes> {
  const { table, shift } = options;
  const time = `(${ident(table.time)} + $1::interval)`;
  const expired =
    table.retention === undefined ? 'false' : `${time} < now() - ${literal(table.retention)}::interval`;
  const iso = (sql: string): string => `to_char(${sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  const spanSeconds = Math.max(1, Math.floor(chunkSpanMs(table) / 1_000));
  const sql = `SELECT coalesce(sum(n), 0)::int AS staged, coalesce(sum(old), 0)::int AS expired,
            coalesce(array_agg(${iso('low')}) || array_agg(${iso('high')}), '{}') AS times
       FROM (SELECT min(${time}) AS low, max(${time}) AS high, count(*) AS n, count(*) FILTER (WHERE ${expired}) AS old
               FROM ${INCOMING} GROUP BY floor(extract(epoch FROM ${time}) / ${spanSeconds})) span`;
  const { rows } = await db.query<StagedTimes>(sql, [shift]).catch(blame(`--shift ${shift}`));
  return rows[0] as StagedTimes;
}

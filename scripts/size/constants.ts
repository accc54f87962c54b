// What was measured once, and where: the speeds that `npm run bench:scale -- --record` writes, and how much a columnstore saves.
import type { EngineName } from '../../db/model';
import recorded from './constants.json';
import type { Range } from './range';

/** Microseconds of processor time for one row, on the core of `recorded.machine`; `log` is in bytes. */
export interface Speeds {
  /** COPY into the table with its indexes; on Citus of the workers only. */
  readonly copy: Range;
  /** What Citus' coordinator does for the same row; nothing elsewhere. */
  readonly route: Range;
  /** Computing a row into an aggregate for the first time. */
  readonly refresh: Range;
  /** Computing it again although nothing has changed, with the check that no history is lost. */
  readonly refreshAgain: Range;
  /** Converting it to the columnstore; nothing where there is none. */
  readonly convert: Range;
  /** Reading it once for figures per series and hour. */
  readonly groupBy: Range;
  /** Write-ahead log of the row with its index entries. */
  readonly log: Range;
}

/** A constant that a person keeps, with where it comes from. */
export interface Kept extends Range {
  readonly from: string;
}

export interface Constants {
  /** Bytes of a row in the columnstore, as a share of the same row with its indexes. */
  readonly columnRatio: Readonly<Record<'timescaledb' | 'citus', Kept>>;
  readonly recorded: {
    readonly by: string;
    readonly date: string;
    readonly rows: number;
    /** Bytes of a row of the measured table, with its index entries. */
    readonly rowBytes: number;
    readonly machine: string;
    readonly servers: Readonly<Record<EngineName, string>>;
  };
  readonly speeds: Readonly<Record<EngineName, Speeds>>;
}

/** The constants of this checkout. */
export const measuredConstants: Constants = recorded;

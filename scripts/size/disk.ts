// What a workload takes on disk, part by part, for each way to store it.
import { counted } from '../../db/core/quantities';
import type { EngineName } from '../../db/model';
import type { Constants } from './constants';
import { exactly, type Range, sum, times } from './range';
import { between, duration, twoDigits } from './words';
import type { SizedAggregate, Workload } from './workload';

/** A part of the disk, in bytes, and in words what it is made of. */
export interface DiskPart {
  readonly name: string;
  readonly bytes: Range;
  readonly why: string;
}

export interface Disk {
  readonly parts: readonly DiskPart[];
  /** The sum of the parts. */
  readonly used: Range;
  /** What to order: a disk that is fuller than this leaves no room for a bad day. */
  readonly ordered: Range;
}

/** Share of a disk that may be full: PostgreSQL stops when nothing is left. */
const FULL = 0.8;
/** Log that is kept on disk: two checkpoints of a quarter of an hour, and the time that an archive or a standby is away. */
const LOG_SECONDS: Range = { low: 1_800, likely: 5_400, high: 21_600 };

/** How long rows stay as rows, and how long in the columnstore, in seconds. */
export interface Ages {
  readonly asRows: Range;
  readonly asColumns: Range;
}

/** A chunk is converted, and dropped, when its newest row is old enough; its oldest row is then older by the length of the chunk. */
export function agesOf({ keep, table }: Workload, engine: EngineName, chunk: number): Ages {
  const kept = { low: keep, likely: keep + chunk, high: keep + chunk };
  if (engine === 'postgres' || table.convertAfter === null) return { asRows: kept, asColumns: exactly(0) };
  const after = table.convertAfter;
  const asRows = {
    low: Math.min(kept.low, after),
    likely: Math.min(kept.likely, after + chunk),
    high: Math.min(kept.high, after + chunk),
  };
  return {
    asRows,
    asColumns: {
      low: kept.low - asRows.low,
      likely: kept.likely - asRows.likely,
      high: kept.high - asRows.high,
    },
  };
}

/** Bytes of a row in the columnstore; null where the engine or the table has none. */
export function columnBytes(
  { table }: Workload,
  engine: EngineName,
  { columnRatio }: Constants,
): { readonly bytes: Range; readonly from: string } | null {
  if (engine === 'postgres' || table.convertAfter === null) return null;
  if (engine === 'timescaledb' && table.column !== null)
    return { bytes: table.column, from: 'read from the converted chunks of the database' };
  const ratio = columnRatio[engine];
  // The likely row decides: the ends of the share are already those of other data.
  const bytes = times(ratio, table.heap.likely + table.indexes.likely);
  return { bytes, from: `${shareOf(ratio)} of a row with its indexes (${ratio.from})` };
}

/** Write-ahead log of a row: what was measured, in the proportion of the size of the row with its indexes. */
export const logBytes = ({ table }: Workload, engine: EngineName, { speeds, recorded }: Constants): Range =>
  times(speeds[engine].log, (table.heap.likely + table.indexes.likely) / recorded.rowBytes);

/** The disk of all servers together. */
export function diskOf(workload: Workload, engine: EngineName, chunk: number, constants: Constants): Disk {
  const { rowsPerSecond, table } = workload;
  const { asRows, asColumns } = agesOf(workload, engine, chunk);
  const perRow = columnBytes(workload, engine, constants);
  const aggregates = table.aggregates.map((one) => aggregateBytes(one, workload));
  const newest = times(sum(table.heap, table.indexes), rowsPerSecond * chunk);
  const log = logBytes(workload, engine, constants);
  const parts: DiskPart[] = [
    {
      name: 'rows',
      bytes: times(table.heap, asRows, rowsPerSecond),
      why: `${duration(asRows.likely)} of rows of ${bytesOf(table.heap)} (${table.from})`,
    },
    {
      name: 'indexes',
      bytes: times(table.indexes, asRows, rowsPerSecond),
      why: `${bytesOf(table.indexes)} for each of these rows, in ${table.indexCount} indexes`,
    },
    ...(perRow === null
      ? []
      : [
          {
            name: 'columnstore',
            bytes: times(perRow.bytes, asColumns, rowsPerSecond),
            why: `${duration(asColumns.likely)} of rows of ${bytesOf(perRow.bytes)}: ${perRow.from}`,
          },
        ]),
    {
      name: 'aggregates',
      bytes: sum(...aggregates),
      why:
        table.aggregates.length === 0
          ? 'none is declared on the table'
          : `buckets of ${workload.series.toLocaleString('en')} series in ${counted(table.aggregates.length, 'aggregate')}, as rows; ten years of what is kept for ever`,
    },
    {
      name: 'write-ahead log',
      bytes: times(log, LOG_SECONDS, rowsPerSecond),
      why: `${bytesOf(log)} a row (measured, and scaled to the size of this row), for half an hour to six hours: two checkpoints, and an archive or a standby that is away`,
    },
    {
      name: 'free for rebuilds',
      bytes: sum(newest, largest(aggregates)),
      why: 'the newest chunk once more, because a conversion or a rewrite drops the old one last, and the largest aggregate once more, because a changed one is built beside the old one',
    },
  ];
  const used = sum(...parts.map(({ bytes }) => bytes));
  return { parts, used, ordered: times(used, 1 / FULL) };
}

/** An aggregate has a row for a series and bucket when there is at least one reading. */
function aggregateBytes({ bucket, keep, perSeries, row }: SizedAggregate, workload: Workload): Range {
  const groups = perSeries ? workload.series : 1;
  const perBucket = Math.min(groups, workload.rowsPerSecond * bucket);
  return times(row, (perBucket * keep) / bucket);
}

const largest = (ranges: readonly Range[]): Range =>
  ranges.reduce((most, one) => (one.likely > most.likely ? one : most), exactly(0));

const bytesOf = (range: Range): string => `${between(range, twoDigits)} bytes`;
const shareOf = (range: Range): string => `${between(times(range, 100), twoDigits)} %`;

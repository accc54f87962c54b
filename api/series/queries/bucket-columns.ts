// The start and the end of the bucket that holds a time, as SQL.
import type { Bind } from '../../database/statement';
import { timeText } from '../../http/time';
import type { Buckets } from '../buckets';
import { widthText } from '../plan/planner';

/** Expressions over a time within the range of the buckets. */
export interface BucketColumns {
  readonly start: (time: string) => string;
  readonly end: (time: string) => string;
}

/** The bucket of a time: by `time_bucket`, or by a binary search in the list of starts. */
export function bucketColumns({ width, layout }: Buckets, bind: Bind): BucketColumns {
  if (layout.kind === 'listed') {
    const starts = bind(layout.starts.map(timeText), 'timestamptz[]');
    const number = (time: string): string => `width_bucket(${time}, ${starts})`;
    return {
      start: (time) => `(${starts})[${number(time)}]`,
      end: (time) => `(${starts})[${number(time)} + 1]`,
    };
  }
  const length = bind(widthText(width), 'interval');
  if (layout.shift === 0n) {
    const start = (time: string): string => `public.time_bucket(${length}, ${time})`;
    return { start, end: (time) => `(${start(time)} + ${length})` };
  }
  const shift = bind(`${layout.shift} microseconds`, 'interval');
  const shifted = (time: string): string => `public.time_bucket(${length}, ${time} + ${shift})`;
  return {
    start: (time) => `(${shifted(time)} - ${shift})`,
    end: (time) => `(${shifted(time)} + ${length} - ${shift})`,
  };
}

/** The number of the listed bucket that begins at a time, from one. */
export const bucketNumber = (starts: readonly bigint[], time: string, bind: Bind): string =>
  `width_bucket(${time}, ${bind(starts.map(timeText), 'timestamptz[]')})`;

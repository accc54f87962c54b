// The samples that a data point consists of, named as Prometheus names them.
import { exactNumber } from '../../../db/core/exact-json';
import type { FieldValue } from '../../ingest/points/point';
import type { ExponentialPoint, HistogramPoint, NumberPoint, PowerBuckets, SummaryPoint } from './messages';

/** A sample: what is added to the name of the metric and to its tags, and the value. */
export interface Sample {
  readonly suffix: '' | '_bucket' | '_sum' | '_count' | '_min' | '_max';
  readonly tag?: readonly [key: 'le' | 'quantile', text: string];
  readonly value: FieldValue;
}

/** The samples of a data point; or why there are none. */
export type Samples = readonly Sample[] | string;

export function numberSamples({ asDouble, asInt }: NumberPoint): Samples {
  if (asDouble === undefined && asInt === undefined) return 'the data point has neither asDouble nor asInt';
  return [{ suffix: '', value: asInt === undefined ? numberOf(asDouble) : countOf(asInt) }];
}

export function summarySamples({ count = 0n, sum = 0, quantileValues = [] }: SummaryPoint): Samples {
  const quantiles = quantileValues.map(
    ({ quantile = 0, value = 0 }): Sample => ({
      suffix: '',
      tag: ['quantile', String(quantile)],
      value: numberOf(value),
    }),
  );
  return [
    ...quantiles,
    { suffix: '_sum', value: numberOf(sum) },
    { suffix: '_count', value: countOf(count) },
  ];
}

/** `le` is the upper bound of a bucket; each one counts all values up to it. */
export function histogramSamples(point: HistogramPoint): Samples {
  const { bucketCounts = [], explicitBounds = [] } = point;
  if (bucketCounts.length > 0 && bucketCounts.length !== explicitBounds.length + 1)
    return `the histogram has ${bucketCounts.length} buckets and ${explicitBounds.length} bounds; there must be one bucket more than bounds`;
  let total = 0n;
  const buckets = bucketCounts.map((count, at): Sample => {
    total += count;
    return bucket(explicitBounds[at] ?? Number.POSITIVE_INFINITY, total);
  });
  return [...buckets, ...figures(point)];
}

/** Bounds are powers of 2^(2^-scale); those below 0 come first, from the lowest to the one next to 0. */
export function exponentialSamples(point: ExponentialPoint): Samples {
  const { scale = 0, zeroCount = 0n, zeroThreshold = 0, positive = {}, negative = {}, count = 0n } = point;
  if (scale < -10 || scale > 20) return `the scale ${scale} is not between -10 and 20`;
  const bound = (exponent: number): number => 2 ** (exponent * 2 ** -scale);
  const counts = (buckets: PowerBuckets) =>
    (buckets.bucketCounts ?? []).map((one, at) => ({ one, exponent: (buckets.offset ?? 0) + at }));
  const buckets: Sample[] = [];
  let total = 0n;
  const add = (upper: number, one: bigint): void => {
    total += one;
    if (one > 0n) buckets.push(bucket(upper, total));
  };
  // Of -8 ≤ x < -4, -4 is the upper bound; the buckets are stored from 0 outwards.
  for (const { one, exponent } of counts(negative).reverse()) add(-bound(exponent), one);
  add(zeroThreshold, zeroCount);
  for (const { one, exponent } of counts(positive)) add(bound(exponent + 1), one);
  if (total > count) return `the buckets of the histogram count ${total} values, and it has ${count}`;
  const bounds = new Set(buckets.map(({ tag }) => tag?.[1]));
  if (bounds.size < buckets.length) return 'two buckets of the histogram have the same bound';
  if (!bounds.has(INFINITE)) buckets.push(bucket(Number.POSITIVE_INFINITY, count));
  return [...buckets, ...figures(point)];
}

const INFINITE = '+Inf';

const bucket = (upper: number, total: bigint): Sample => ({
  suffix: '_bucket',
  tag: ['le', upper === Number.POSITIVE_INFINITY ? INFINITE : String(upper)],
  value: countOf(total),
});

function figures({ count = 0n, sum, min, max }: Omit<HistogramPoint, 'bucketCounts'>): readonly Sample[] {
  const given = { _sum: sum, _min: min, _max: max } as const;
  return [
    ...Object.entries(given).flatMap(([suffix, value]): Sample[] =>
      value === undefined ? [] : [{ suffix: suffix as keyof typeof given, value: numberOf(value) }],
    ),
    { suffix: '_count', value: countOf(count) },
  ];
}

/** NaN is a reading without a number. */
const numberOf = (value = 0): FieldValue => (Number.isNaN(value) ? null : value);

/** A whole number, exact. */
export const countOf = (value: bigint): FieldValue => exactNumber(String(value));

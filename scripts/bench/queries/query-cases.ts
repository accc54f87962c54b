// The questions that are asked twice, of the raw rows and of an aggregate: figures per sensor and bucket over a range.
import { aggregateColumns } from '../../../api/sensors/levels';
import { ident, literal, relation } from '../../../db/core/sql';
import type { ContinuousAggregate } from '../../../db/language/aggregate';
import { aggregateQuery } from '../../../db/language/aggregate-sql';
import { nameOf } from '../../../db/language/names';
import { sensorData, sensorDataDaily, sensorDataHourly } from '../../../db/schema/iot';

/** A question over the last days before `end`. */
export interface QueryCase {
  readonly id: string;
  readonly title: string;
  /** `schema.name` of the aggregate. */
  readonly aggregate: string;
  readonly from: Date;
  /** Exclusive. */
  readonly to: Date;
  /** Whether the range is as long as the budget means; a benchmark of fewer days has shorter ranges. */
  readonly isFullRange: boolean;
  /** Both give bucket, sensor and the same figures in the same order. */
  readonly raw: string;
  readonly stored: string;
}

const DAY_MS = 86_400_000;

// The figures that the API's sensor endpoints return, without the sums and counts that aggregates store for other aggregates.
const FIGURES = aggregateColumns.filter((name) => name !== 'bucket');

const RANGES = [
  { id: 'hourly-day', aggregate: sensorDataHourly, buckets: 'hourly', days: 1 },
  { id: 'hourly-week', aggregate: sensorDataHourly, buckets: 'hourly', days: 7 },
  { id: 'hourly-month', aggregate: sensorDataHourly, buckets: 'hourly', days: 30 },
  { id: 'daily-year', aggregate: sensorDataDaily, buckets: 'daily', days: 365 },
] as const;

/**
 * The questions, whole days before `end`, none longer than `days`.
 * The query on raw rows is generated from the declaration of the aggregate, and both have the same bounds. The aggregates are
 * those that the API's planner would choose.
 */
export function queryCases(end: Date, days: number): readonly QueryCase[] {
  return RANGES.map(({ id, aggregate, buckets, days: wanted }) => {
    const asked = Math.min(wanted, days);
    const from = new Date(end.getTime() - asked * DAY_MS);
    return {
      id,
      title: `${buckets}, ${asked === 1 ? 'a day' : `${asked} days`}`,
      aggregate: nameOf(aggregate),
      from,
      to: end,
      isFullRange: asked === wanted,
      raw: aggregateQuery(ofRawRows(aggregate), range(sensorData.time, from, end)),
      stored: `SELECT ${['bucket', 'sensor_id', ...FIGURES].map((name) => ident(name)).join(', ')} FROM ${relation(aggregate)} WHERE ${range('bucket', from, end)}`,
    };
  });
}

// The daily aggregate is declared over the hourly one; from raw rows its figures are those of the hourly one, in days.
const ofRawRows = ({ bucket }: ContinuousAggregate): ContinuousAggregate => ({
  ...sensorDataHourly,
  bucket,
  select: Object.fromEntries(FIGURES.map((name) => [name, sensorDataHourly.select[name]])) as Readonly<
    Record<string, NonNullable<ContinuousAggregate['select'][string]>>
  >,
});

const range = (column: string, from: Date, to: Date): string =>
  `${ident(column)} >= ${literal(from.toISOString())} AND ${ident(column)} < ${literal(to.toISOString())}`;

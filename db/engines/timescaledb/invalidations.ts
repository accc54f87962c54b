// The times for which TimescaleDB has noted that an aggregate is not up to date. A refresh without force computes only these.
import { literal } from '../../core/sql';
import type { StoredAggregate } from '../../kinds/aggregates/model';

/** SQL for a time that the catalog keeps: microseconds since 1970, or an end of the calendar where there is no bound. */
export const catalogTime = (microseconds: string): string =>
  `CASE WHEN ${microseconds} <= -210866803200000000 THEN '-infinity' WHEN ${microseconds} >= 9223371331200000000 THEN 'infinity'
        ELSE _timescaledb_functions.to_timestamp(${microseconds}) END`;

/** A query with the column `range`, with exclusive end and never empty. A range may begin and end inside of a bucket. */
export const invalidations = ({ name }: Pick<StoredAggregate, 'name'>): string => `
  SELECT noted.range FROM (
  SELECT tstzrange(${catalogTime('i.lowest_modified_value')}, ${catalogTime('i.greatest_modified_value')} + interval '1 microsecond', '[)') AS range
    FROM _timescaledb_catalog.continuous_agg c
   CROSS JOIN LATERAL (SELECT lowest_modified_value, greatest_modified_value FROM _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log h
                        WHERE h.hypertable_id = c.raw_hypertable_id
                       UNION ALL
                      SELECT lowest_modified_value, greatest_modified_value FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log m
                        WHERE m.materialization_id = c.mat_hypertable_id) i
   WHERE format('%s.%s', c.user_view_schema, c.user_view_name) = ${literal(name)}) noted WHERE NOT isempty(noted.range)`;

// The stored buckets that TimescaleDB knows to be out of date: rows were changed, deleted or added late, and no refresh has come since.
import { isoText } from '../../server/ask';
import { catalogTime } from './invalidations';

const NAME = `format('%s.%s', c.user_view_schema, c.user_view_name)`;
const LOGS = ['hypertable', 'materialization'] as const;
const MODIFIED = `tstzrange(${catalogTime('m.lowest_modified_value')}, ${catalogTime('m.greatest_modified_value')} + interval '1 microsecond')`;
const SLICE = `tstzrange(${catalogTime('s.range_start')}, ${catalogTime('s.range_end')})`;
const noted = (log: (typeof LOGS)[number]): string =>
  `SELECT ${MODIFIED} AS range FROM _timescaledb_catalog.continuous_aggs_${log}_invalidation_log m
    WHERE m.${log === 'hypertable' ? 'hypertable_id = l.source' : 'materialization_id = l.id'}`;

/**
 * The ranges by aggregate, for the names in $1; an aggregate without any has no row. `ranges` is a JSON array of `[from, to]` in
 * whole buckets of the aggregate, merged and in order. What an aggregate is built on counts, too: a stale hour makes its day stale.
 *
 * Three things that the server has noted are left out. From the watermark on nothing is stored, and the server notes that as one
 * range without end. Where the source has no chunk any more, the aggregate keeps the history on purpose. And since the server notes
 * a dropped chunk with its end included, what reaches from there into the next chunk by at most one bucket comes from the drop.
 */
export const STALE_RANGES = `
  WITH RECURSIVE chain AS (
    SELECT ${NAME} AS aggregate, c.mat_hypertable_id AS top, c.mat_hypertable_id AS id, c.raw_hypertable_id AS source, c.parent_mat_hypertable_id AS parent
      FROM _timescaledb_catalog.continuous_agg c WHERE ${NAME} = ANY ($1)
     UNION ALL
    SELECT n.aggregate, n.top, c.mat_hypertable_id, c.raw_hypertable_id, c.parent_mat_hypertable_id
      FROM chain n JOIN _timescaledb_catalog.continuous_agg c ON c.mat_hypertable_id = n.parent
  ), level AS (
    SELECT DISTINCT n.id, n.source, b.bucket_width::interval AS width, _timescaledb_functions.to_timestamp(w.watermark) AS mark
      FROM chain n JOIN _timescaledb_catalog.continuous_aggs_bucket_function b ON b.mat_hypertable_id = n.id
      JOIN _timescaledb_catalog.continuous_aggs_watermark w ON w.mat_hypertable_id = n.id
  ), noted AS (
    SELECT l.id, l.source, l.width, range_agg(i.range * tstzrange(NULL, l.mark)) AS times
      FROM level l CROSS JOIN LATERAL (${LOGS.map(noted).join(' UNION ALL ')}) i GROUP BY 1, 2, 3
  ), stale AS (
    SELECT n.id, part AS range
      FROM noted n
     CROSS JOIN LATERAL (SELECT coalesce(range_agg(${SLICE}), '{}') AS times
                           FROM _timescaledb_catalog.dimension d JOIN _timescaledb_catalog.dimension_slice s ON s.dimension_id = d.id
                          WHERE d.hypertable_id = n.source AND d.interval_length IS NOT NULL AND n.times && ${SLICE}) chunks
     CROSS JOIN LATERAL unnest(n.times * chunks.times) part
     WHERE NOT (n.times @> lower(part) - interval '1 microsecond' AND upper(part) <= lower(part) + n.width)
  ), widened AS (
    SELECT n.aggregate, range_agg(tstzrange(public.time_bucket(l.width, lower(s.range)),
             public.time_bucket(l.width, upper(s.range) - interval '1 microsecond') + l.width)) AS times
      FROM chain n JOIN stale s ON s.id = n.id JOIN level l ON l.id = n.top GROUP BY 1
  )
  SELECT w.aggregate, (SELECT json_agg(json_build_array(${isoText('lower(r)', 'SS.US')}, ${isoText('upper(r)', 'SS.US')}) ORDER BY r) FROM unnest(w.times) r) AS ranges
    FROM widened w ORDER BY 1`;

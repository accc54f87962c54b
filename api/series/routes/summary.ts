// A description of the values of a column over a range.
import { inAllFormats, sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import { problemResponses } from '../../http/problems';
import type { RouteParts } from '../../parts';
import { keptSince } from '../plan/planner';
import { SUMMARY, summaryQuery } from '../queries/summary';
import { askedTrack, shownTrack, trackRows } from '../request/one-column';
import { tableNamed } from './context';
import { SummaryAnswer, summaryParameters, tableParams } from './schemas';

/** Adds `GET /api/series/:table/summary`. */
export function summaryRoute(app: ApiApp, parts: RouteParts): void {
  const { maxRows } = parts.config;
  const schema = {
    tags: ['series'],
    summary: 'Count, mean, deviation, extremes and percentiles of a column',
    operationId: 'series-summary',
    params: tableParams(parts.tables.keys()),
    querystring: summaryParameters,
    response: { 200: inAllFormats(SummaryAnswer, 'One row per series'), ...problemResponses },
  };
  app.get('/api/series/:table/summary', { schema }, async (request, reply) => {
    const table = tableNamed(parts, request.params.table);
    const track = askedTrack(table, request.query, (by) => [...by, ...SUMMARY], maxRows);
    const data = await trackRows(parts, summaryQuery(track));
    void reply.header('cache-control', 'no-cache');
    return sendRows(request, reply, track.columns, {
      ...shownTrack(track),
      kept_since: keptSince({ relation: table.hypertable }, track.range, track.now),
      count: data.length,
      data,
    });
  });
}

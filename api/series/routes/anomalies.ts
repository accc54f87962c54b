// Values that are far from those before them.
import { inAllFormats, sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import { problemResponses } from '../../http/problems';
import type { RouteParts } from '../../parts';
import { keptSince } from '../plan/planner';
import { anomalyQuery } from '../queries/windows';
import { askedTrack, shownTrack, trackRows } from '../request/one-column';
import { tableNamed } from './context';
import { AnomalyAnswer, anomalyParameters, tableParams } from './schemas';

const DEFAULT_WINDOW = 100;
const DEFAULT_THRESHOLD = 2;

/** Adds `GET /api/series/:table/anomalies`. */
export function anomalyRoute(app: ApiApp, parts: RouteParts): void {
  const { maxRows } = parts.config;
  const schema = {
    tags: ['series'],
    summary: 'Values that are far from those before them, by a rolling z-score',
    operationId: 'series-anomalies',
    description:
      'Each value is compared with the `window` values before it in its series, at least ten of them. Values before the range are read for that.',
    params: tableParams(parts.tables.keys()),
    querystring: anomalyParameters,
    response: { 200: inAllFormats(AnomalyAnswer, 'Anomalies in order of time'), ...problemResponses },
  };
  app.get('/api/series/:table/anomalies', { schema }, async (request, reply) => {
    const { window = DEFAULT_WINDOW, threshold = DEFAULT_THRESHOLD } = request.query;
    const table = tableNamed(parts, request.params.table);
    const columnsFor = (by: readonly string[]) => ['time', ...by, 'value', 'mean', 'sd', 'z'];
    const track = askedTrack(table, request.query, columnsFor, maxRows);
    const data = await trackRows(parts, anomalyQuery(track, window, threshold));
    void reply.header('cache-control', 'no-cache');
    return sendRows(request, reply, track.columns, {
      ...shownTrack(track),
      window,
      threshold,
      kept_since: keptSince({ relation: table.hypertable }, track.range, track.now),
      count: data.length,
      data,
    });
  });
}

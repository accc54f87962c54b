// Measures on real servers.
import { testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { startApi, startBeside } from '../testing/api-under-test';
import { later } from '../testing/clock';
import { refreshAll, runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { holdTable } from '../testing/held-table';

describe.each(testServers())('GET /metrics on $describe', (server) => {
  const api = forSuite(() => startApi(server));

  /** The value of a line, or undefined when there is none. */
  const measure = async (line: string): Promise<number | undefined> => {
    const { body, statusCode } = await api.get('/metrics');
    expect(statusCode).toBe(200);
    const found = body.split('\n').find((text) => text.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length + 1));
  };

  it('is in the text format, and never cached', async () => {
    const { headers, body } = await api.get('/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    for (const line of body.split('\n'))
      expect(line).toMatch(/^$|^# (HELP|TYPE) \S+ .+|^[a-z_0-9]+(\{.*\})? (-?[\d.]+(e[+-]?\d+)?|Nan|\+Inf)$/);
    // Each measure is described once.
    const helps = [...body.matchAll(/^# HELP (\S+)/gm)].map((match) => match[1]);
    expect(new Set(helps).size).toBe(helps.length);
    expect(helps).toEqual(
      expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds']),
    );
  });

  it('counts answers by method, route and status, not by address', async () => {
    const count = (route: string, status: number, method = 'GET') =>
      measure(`http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"}`);
    for (const id of ['a', 'b', 'c']) await api.get(`/api/sensors/${id}/current`);
    for (const path of ['/nothing/1', '/nothing/2', '/api/x']) await api.get(path);
    await api.send('POST', '/api/sensors', {});
    expect(await count('/api/sensors/:id/current', 404)).toBe(3);
    expect(await count('unknown', 404)).toBe(3);
    expect(await count('/api/sensors', 405, 'POST')).toBe(1);
    expect((await api.get('/metrics')).body).not.toContain('nothing/1');
  });

  it('shows requests under way and connections', async () => {
    // The scrape itself.
    expect(await measure('http_requests_in_flight')).toBe(1);
    // Each needs a connection of its own, as none ends before all have begun.
    const table = await holdTable(api.url);
    const answers = Array.from({ length: 4 }, () => api.get('/api/sensors'));
    await table.hasWaiting(4);
    expect(await measure('http_requests_in_flight')).toBe(5);
    await table.release();
    await Promise.all(answers);
    expect(await measure('http_requests_in_flight')).toBe(1);
    expect(await measure('tsdb_pool_connections{pool="reader"}')).toBe(4);
    expect(await measure('tsdb_pool_requests_waiting{pool="reader"}')).toBe(0);
    expect(await measure('tsdb_pool_connections{pool="keys"}')).toBe(0);
  });

  it('shows up to where aggregates are stored', async () => {
    const line = 'tsdb_aggregate_watermark_seconds{aggregate="public.sensor_data_hourly"}';
    expect(await measure(line)).toBeUndefined();
    await runSql(api.url, "INSERT INTO sensor_data VALUES ('2026-03-01T10:20:00Z', 's', 1, 1, 1)");
    await refreshAll(api.url);
    // What is known of freshness is good for two seconds, and a scrape does not wait long for more.
    const shown = await later(2_000, async () => {
      await waitFor('the watermark is shown', async () => (await measure(line)) !== undefined);
      return measure(line);
    });
    expect(shown).toBe(Date.parse('2026-03-01T11:00:00Z') / 1_000);
  });

  it('counts rows of writes', async () => {
    api.app.ingestCounters.accepted.inc({ table: 'sensor_data' }, 7);
    api.app.ingestCounters.rejected.inc({ table: 'sensor_data' });
    expect(await measure('tsdb_ingest_rows_accepted_total{table="sensor_data"}')).toBe(7);
    expect(await measure('tsdb_ingest_rows_rejected_total{table="sensor_data"}')).toBe(1);
  });

  it('keeps the measures of two apps apart, and answers while the database is away', async () => {
    const other = startBeside(api, {});
    await other.database.end();
    const { statusCode, body } = await other.get('/metrics');
    await other.app.close();
    expect(statusCode).toBe(200);
    expect(body).not.toContain('tsdb_aggregate_watermark_seconds{');
    expect(body).not.toContain('route="/api/sensors"');
  });
});

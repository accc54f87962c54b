// The clients that people run: prometheus-remote-write of npm, and Prometheus itself where it is installed.
import { execFileSync } from 'node:child_process';
import { pushMetrics, pushTimeseries } from 'prometheus-remote-write';
import { testServers } from '../../../db/local/test-servers';
import { describeUnless } from '../../../db/local/testing/needs';
import { waitFor } from '../../../db/local/testing/wait';
import { forSuite } from '../../testing/for-suite';
import { startDoors } from '../testing/door-under-test';
import { noPrometheus, prometheusPath, promtoolPath, startPrometheus } from '../testing/prometheus-program';
import { startUnreliableProxy } from '../testing/unreliable-proxy';

const SAMPLES = 100_000;
const SERIES_OF_A_BODY = 10_000;

// One server is enough for so many rows: the other suites of the doors run on every engine.
describe.each(testServers().slice(-1))('clients of remote write on $describe', (server) => {
  const api = forSuite(() => startDoors(server));

  it('prometheus-remote-write: 100,000 samples, each once although answers get lost', async () => {
    // Each third answer is lost, and the client's user sends again.
    const proxy = await startUnreliableProxy(api.origin(), (post) =>
      post % 3 === 0 ? 'disowned' : 'passed',
    );
    const first = Date.now() - 3_600_000;
    for (let body = 0; body < SAMPLES / SERIES_OF_A_BODY; body += 1) {
      const series = Array.from({ length: SERIES_OF_A_BODY / 2 }, (_, at) => ({
        labels: { __name__: 'npm_client', series: String(at) },
        samples: [
          { value: body * SERIES_OF_A_BODY + 2 * at, timestamp: first + 2_000 * body },
          { value: body * SERIES_OF_A_BODY + 2 * at + 1, timestamp: first + 2_000 * body + 1_000 },
        ],
      }));
      await waitFor('the client is told that the samples are stored', async () => {
        const options = { url: `${proxy.url}/api/v1/write`, fetch: fetch as never, labels: { a: 'b' } };
        const { status } = await pushTimeseries(series, options);
        expect([204, 503]).toContain(status);
        return status === 204;
      });
    }
    await proxy.close();
    expect(proxy.fates.disowned).toBeGreaterThan(3);
    const { rows } = await api.pool.query(
      `SELECT count(*)::int AS rows, count(DISTINCT value)::int AS different, min(value) AS first, max(value) AS last,
              count(DISTINCT labels->>'series')::int AS series, count(DISTINCT time)::int AS times
         FROM telemetry.sample WHERE name = 'npm_client' AND labels->>'a' = 'b'`,
    );
    expect(rows).toEqual([
      {
        rows: SAMPLES,
        different: SAMPLES,
        first: 0,
        last: SAMPLES - 1,
        series: SERIES_OF_A_BODY / 2,
        times: (2 * SAMPLES) / SERIES_OF_A_BODY,
      },
    ]);
    expect(await api.letters()).toEqual([]);
  });

  it('prometheus-remote-write: its short form', async () => {
    const options = { url: `${api.origin()}/api/v1/write`, fetch: fetch as never };
    expect((await pushMetrics({ queue: 8 }, options)).status).toBe(204);
    expect(await api.samples(`name = 'queue'`)).toEqual([expect.objectContaining({ value: 8, labels: {} })]);
  });

  describeUnless(noPrometheus, 'Prometheus', () => {
    it('finds nothing to say against /metrics', async () => {
      const metrics = (await api.get('/metrics')).body;
      expect(execFileSync(promtoolPath ?? '', ['check', 'metrics'], { input: metrics }).toString()).toBe('');
    });

    it('writes what it scrapes, each sample once although answers get lost', async () => {
      const proxy = await startUnreliableProxy(api.origin(), (post) =>
        post % 3 === 1 ? 'disowned' : 'passed',
      );
      const prometheus = await startPrometheus(prometheusPath ?? '', {
        origin: api.origin(),
        remoteWrite: `${proxy.url}/api/v1/write`,
      });
      await waitFor('several scrapes are stored', async () => (await api.samples(`name = 'up'`)).length >= 4);
      const scraped = await prometheus.query('process_cpu_seconds_total[1h]');
      await prometheus.stop();
      await proxy.close();
      expect(proxy.fates.disowned).toBeGreaterThan(0);

      const rows = await api.samples(`labels->>'job' = 'tsdb'`);
      const keys = new Set(rows.map(({ time, name, labels }) => JSON.stringify([time, name, labels])));
      expect([rows.length > 100, keys.size]).toEqual([true, rows.length]);
      // What Prometheus has itself, number by number.
      const stored = rows.filter(({ name }) => name === 'process_cpu_seconds_total');
      const own = scraped[0]?.values ?? [];
      expect(own.length).toBeGreaterThan(2);
      expect(stored.slice(0, own.length).map(({ time, value }) => [Date.parse(time), value])).toEqual(
        own.map(([seconds, value]) => [Math.round(seconds * 1_000), Number(value)]),
      );
      expect(await api.letters()).toEqual([]);
    });
  });
});

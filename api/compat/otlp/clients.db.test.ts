// The exporters of OpenTelemetry for Node, in both encodings.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testServers } from '../../../db/local/test-servers';
import { forSuite } from '../../testing/for-suite';
import { startDoors } from '../testing/door-under-test';
import { LOAD } from '../testing/otlp-child';
import { startUnreliableProxy } from '../testing/unreliable-proxy';

const ENCODINGS = ['json', 'protobuf'] as const;
const CHILD = join(__dirname, '../testing/otlp-child.ts');

/** Runs the exporter; what it says is shown. */
async function exportMetrics(encoding: string, work: 'load' | 'kinds', origin: string): Promise<void> {
  const env = { ...process.env, OTEL_EXPORTER_OTLP_COMPRESSION: encoding === 'protobuf' ? 'gzip' : 'none' };
  const args = ['--import', 'tsx', CHILD, encoding, work, `${origin}/v1/metrics`];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env });
  expect([stdout, stderr]).toEqual(['', '']);
}

// One server is enough for so many rows: the other suites of the doors run on every engine.
describe.each(testServers().slice(-1))('exporters of OpenTelemetry on $describe', (server) => {
  const api = forSuite(() => startDoors(server));

  it.each(ENCODINGS)('%s: 100,000 data points, each once although an answer gets lost', async (name) => {
    // The exporter itself sends again.
    const proxy = await startUnreliableProxy(api.origin(), (post) => (post === 2 ? 'disowned' : 'passed'));
    await exportMetrics(name, 'load', proxy.url);
    await proxy.close();
    expect(proxy.fates.disowned).toBe(1);
    const { rows } = await api.pool.query(
      `SELECT count(*)::int AS rows, count(DISTINCT value)::int AS different, min(value) AS first, max(value) AS last,
              count(DISTINCT name)::int AS names, count(DISTINCT labels->>'set')::int AS sets
         FROM telemetry.sample WHERE name LIKE $1 AND labels->>'service.name' = 'shop' AND labels->>'otel.scope.name' = 'load'`,
      [`${name}.gauge.%`],
    );
    const { samples, instruments, sets } = LOAD;
    const expected = { rows: samples, different: samples, first: 0, last: samples - 1 };
    expect(rows).toEqual([{ ...expected, names: instruments, sets }]);
    expect(await api.letters()).toEqual([]);
  });

  it.each(ENCODINGS)('%s: every kind of instrument', async (name) => {
    await exportMetrics(name, 'kinds', api.origin());
    const rows = await api.samples(`name LIKE '${name}.%' AND labels->>'otel.scope.name' = 'kinds'`);
    const found = rows.map(({ name: metric, value, labels }) => [
      metric.slice(name.length + 1),
      labels.le,
      value,
    ]);
    expect(found.filter(([metric]) => !String(metric).startsWith('powers_bucket'))).toEqual([
      ['counter', undefined, 3],
      ['histogram_bucket', '+Inf', 3],
      ['histogram_bucket', '1', 1],
      ['histogram_bucket', '5', 2],
      ['histogram_count', undefined, 3],
      ['histogram_max', undefined, 9],
      ['histogram_min', undefined, 0.5],
      ['histogram_sum', undefined, 12.5],
      ['powers_count', undefined, 3],
      ['powers_max', undefined, 9],
      ['powers_min', undefined, 0.5],
      ['powers_sum', undefined, 12.5],
      ['updown', undefined, -2],
    ]);
    // Each bound is next to the value that it counts: the buckets are narrow.
    const bounds = found.flatMap(([metric, le, count]) =>
      metric === 'powers_bucket' && le !== '+Inf' ? [[Number(le), count]] : [],
    );
    expect(bounds.map(([, count]) => count).sort()).toEqual([1, 2, 3]);
    for (const [upper, count] of bounds as [number, number][]) {
      const value = [0.5, 3, 9][count - 1] as number;
      expect([upper >= value, upper < value * 1.1]).toEqual([true, true]);
    }
    const labels = rows.find(({ name: metric }) => metric === `${name}.counter`)?.labels;
    expect(labels).toMatchObject({
      'service.name': 'shop',
      'otel.scope.version': '1.0',
      list: '["a","b"]',
      yes: 'true',
      n: '1.5',
    });
    expect(labels?.['otel.temporality']).toBe(name === 'protobuf' ? 'delta' : undefined);
    expect(await api.letters()).toEqual([]);
  });
});

// The doors of Prometheus and OpenTelemetry demand a key that may write, and say so in the words of their clients.
import { testServers } from '../../db/local/test-servers';
import { bearer, startKeyedApi } from '../access/testing/keyed-api';
import { forSuite } from '../testing/for-suite';

const [server] = testServers();

describe('keys at the doors of other clients', () => {
  const api = forSuite(() => startKeyedApi(server as NonNullable<typeof server>));
  const post = (url: string, key: string | undefined, type: string) =>
    api.app.inject({
      method: 'POST',
      url,
      payload: url === '/v1/metrics' ? '{}' : Buffer.from([0]),
      headers: { 'content-type': type, ...(key === undefined ? {} : bearer(key)) },
    });

  it('lets a key write, and refuses one that only reads, and none', async () => {
    const { read, write } = api.keys;
    for (const [key, otlp, prometheus] of [
      [write, 200, 204],
      [read, 403, 403],
      [undefined, 401, 401],
    ] as const) {
      const metrics = await post('/v1/metrics', key, 'application/json');
      const samples = await post('/api/v1/write', key, 'application/x-protobuf');
      expect([metrics.statusCode, samples.statusCode]).toEqual([otlp, prometheus]);
      if (otlp >= 400) {
        expect(metrics.json()).toEqual({ code: otlp === 401 ? 16 : 7, message: expect.any(String) });
        expect(samples.json()).toMatchObject({ status: prometheus, detail: expect.any(String) });
      }
    }
  });

  it('answers other methods with 405', async () => {
    for (const url of ['/v1/metrics', '/api/v1/write']) {
      const { statusCode, headers } = await api.get(url);
      expect([statusCode, headers.allow]).toEqual([405, 'POST']);
    }
  });
});

// OTLP over HTTP in both encodings, with good and with hostile bodies: every answer is in the encoding of its request.
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { testServers } from '../../../db/local/test-servers';
import { forSuite } from '../../testing/for-suite';
import { startDoors } from '../testing/door-under-test';
import { decoded, encoded } from '../testing/messages';

const NOW = Date.now();
const NANOS = `${NOW}123456`;
const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/x-protobuf';

const exportOf = (...metrics: readonly object[]): object => ({
  resourceMetrics: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeMetrics: [{ scope: { name: 'test' }, metrics }],
    },
  ],
});
const gauge = (name: string, ...values: readonly object[]): object => ({
  name,
  gauge: { dataPoints: values.map((value) => ({ timeUnixNano: NANOS, ...value })) },
});

describe.each(testServers())('OTLP on $describe', (server) => {
  const api = forSuite(() => startDoors(server));
  const post = (payload: string | Buffer, type: string, headers = {}) =>
    api.app.inject({
      method: 'POST',
      url: '/v1/metrics',
      payload,
      headers: { 'content-type': type, ...headers },
    });
  const doors = {
    [JSON_TYPE]: async (request: object, headers = {}) => {
      const answer = await post(JSON.stringify(request), JSON_TYPE, headers);
      return { answer, message: answer.json() };
    },
    [PROTOBUF]: async (request: object, headers = {}) => {
      const answer = await post(encoded('Export', request), PROTOBUF, headers);
      const type = answer.statusCode === 200 ? 'ExportResponse' : 'Status';
      return { answer, message: decoded(type, answer.rawPayload) };
    },
  };

  describe.each([JSON_TYPE, PROTOBUF] as const)('as %s', (type) => {
    const send = doors[type];
    const name = type === PROTOBUF ? 'binary' : 'json';

    it('stores data points and answers an empty response', async () => {
      const { answer, message } = await send(exportOf(gauge(name, { asInt: '9007199254740993' })));
      expect([answer.statusCode, message]).toEqual([200, {}]);
      expect(answer.headers['content-type']?.toString().split(';')[0]).toBe(type);
      expect(await api.samples(`name = '${name}'`)).toEqual([
        {
          time: expect.stringContaining(new Date(NOW).toISOString().slice(0, 19)),
          name,
          value: 9007199254740992,
          labels: { 'service.name': 'shop', 'otel.scope.name': 'test' },
        },
      ]);
    });

    it('stores the same body once', async () => {
      const request = exportOf(gauge(`${name}_once`, { asDouble: 1 }));
      await send(request);
      const { answer } = await send(request);
      expect([answer.statusCode, answer.headers['idempotency-replayed']]).toEqual([200, 'true']);
      expect(await api.samples(`name = '${name}_once'`)).toHaveLength(1);
    });

    it('says how many data points were refused, and why', async () => {
      const { answer, message } = await send(
        exportOf(gauge(`${name}_partly`, { asDouble: 1 }, { timeUnixNano: 0, asDouble: 2 }), {
          name: `${name}_bad`,
          histogram: { dataPoints: [{ count: 2, bucketCounts: [1, 1], explicitBounds: [1] }] },
        }),
      );
      expect([answer.statusCode, message]).toEqual([
        200,
        {
          partialSuccess: {
            rejectedDataPoints: '2',
            errorMessage: expect.stringContaining('the data point has no time'),
          },
        },
      ]);
      expect(await api.samples(`name = '${name}_partly'`)).toHaveLength(1);
    });

    it('answers 400 when nothing of a body can be stored', async () => {
      const { answer, message } = await send(exportOf(gauge(`${name}_none`, { timeUnixNano: 0, asInt: 1 })));
      expect([answer.statusCode, message]).toEqual([
        400,
        { code: 3, message: expect.stringContaining('the data point has no time') },
      ]);
      expect(answer.headers['content-type']?.toString().split(';')[0]).toBe(type);
    });

    it('takes gzip, and answers every problem as a status', async () => {
      const body =
        type === PROTOBUF
          ? encoded('Export', exportOf(gauge(`${name}_packed`, { asInt: 1 })))
          : JSON.stringify(exportOf(gauge(`${name}_packed`, { asInt: 1 })));
      expect((await post(gzipSync(body), type, { 'content-encoding': 'gzip' })).statusCode).toBe(200);
      for (const [status, headers] of [
        [400, { 'content-encoding': 'gzip' }],
        [415, { 'content-encoding': 'br' }],
        [413, { 'content-length': '2000001' }],
      ] as const) {
        const answer = await post(body, type, headers);
        expect([answer.statusCode, answer.headers['content-type']?.toString().split(';')[0]]).toEqual([
          status,
          type,
        ]);
        const said = type === PROTOBUF ? decoded('Status', answer.rawPayload) : answer.json();
        expect(said).toEqual({ code: 3, message: expect.any(String) });
      }
    });
  });

  it('keeps what it refused', async () => {
    const before = (await api.letters()).length;
    await doors[JSON_TYPE](
      exportOf(gauge('kept', { timeUnixNano: 0, asInt: '9007199254740993' }, { asInt: 1 })),
    );
    const letters = (await api.letters()).slice(before);
    expect(letters).toEqual([
      expect.objectContaining({
        reason: 'the data point has no time (timeUnixNano)',
        format: 'point',
        original: expect.stringContaining('["value",9007199254740993]'),
      }),
    ]);
    // A point of which no time is known, or no value, does not become a row by a replay either.
    await doors[JSON_TYPE](exportOf({ name: 'kept' }));
    const { rows } = await api.pool.query(
      `SELECT id FROM service.dead_letter WHERE original LIKE '%"kept"%' ORDER BY received_at`,
    );
    const replay = await api.send('POST', '/api/dead-letters/replay', { ids: rows.map(({ id }) => id) });
    expect(replay.json()).toMatchObject({
      replayed: 0,
      failed: 2,
      errors: expect.arrayContaining([
        expect.objectContaining({ reason: expect.stringContaining('time must be a time') }),
        expect.objectContaining({ reason: 'the point has no value' }),
      ]),
    });
    expect(await api.samples(`name = 'kept' AND value > 1`)).toEqual([]);
  });

  it.each<[string, number, string | Buffer, string]>([
    ['a message without bytes', 200, Buffer.alloc(0), PROTOBUF],
    ['no JSON', 400, '', JSON_TYPE],
    ['broken JSON', 400, '{', JSON_TYPE],
    ['JSON that is another thing', 400, '[]', JSON_TYPE],
    ['bytes that are no message', 400, Buffer.from('0a05', 'hex'), PROTOBUF],
    ['JSON in the place of a message', 400, '{"resourceMetrics":[]}', PROTOBUF],
    ['another type', 415, 'x', 'text/plain'],
    ['a million empty resources', 400, Buffer.alloc(2_000_000, Buffer.from('0a00', 'hex')), PROTOBUF],
    ['nesting without end', 400, `{"resourceMetrics":${'['.repeat(500_000)}`, JSON_TYPE],
  ])('answers %s with %d', async (_, status, body, type) => {
    expect((await post(body, type)).statusCode).toBe(status);
  });

  it('refuses a small body whose attributes would fill the memory', async () => {
    const attributes = [{ key: 'a', value: { stringValue: 'x'.repeat(500_000) } }];
    const dataPoints = Array.from({ length: 2_000 }, (_, at) => ({ timeUnixNano: NANOS, asInt: at }));
    const request = {
      resourceMetrics: [
        { resource: { attributes }, scopeMetrics: [{ metrics: [{ name: 'a', gauge: { dataPoints } }] }] },
      ],
    };
    expect((await doors[PROTOBUF](request)).answer.statusCode).toBe(413);
  });

  it('answers garbage with 400, and never with a status that is sent again for ever', async () => {
    const good = encoded('Export', exportOf(gauge('fuzz', { asInt: 1 })));
    const body = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([place, byte]) => {
        const changed = Buffer.from(good);
        changed[place] = byte;
        return changed;
      }),
    );
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(PROTOBUF, JSON_TYPE), async (bytes, type) => {
        expect([200, 400, 413]).toContain((await post(bytes, type)).statusCode);
      }),
      { numRuns: 300 },
    );
  });
});

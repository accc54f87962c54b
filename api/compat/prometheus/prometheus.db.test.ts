// Remote write of both versions, with bodies as Prometheus sends them and with hostile ones.
import fc from 'fast-check';
import { testServers } from '../../../db/local/test-servers';
import { forSuite } from '../../testing/for-suite';
import { startDoors } from '../testing/door-under-test';
import { packed, STALE_SAMPLE, type TestSeries, writeRequest1, writeRequest2 } from '../testing/messages';

const V1 = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
const V2 = { ...V1, 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' };
const now = Date.now();
const at = (offset: number): string => new Date(now + offset).toISOString().replace(/\.?0+Z$/, 'Z');

describe.each(testServers())('remote write on $describe', (server) => {
  const api = forSuite(() => startDoors(server));
  const send = (payload: Buffer, headers: Record<string, string> = V1) =>
    api.app.inject({ method: 'POST', url: '/api/v1/write', payload, headers });
  const write = (version: 1 | 2, series: readonly TestSeries[], more: object = {}) =>
    version === 1
      ? send(packed(writeRequest1(series, more)), V1)
      : send(packed(writeRequest2(series, more)), V2);
  const written = (answer: Awaited<ReturnType<typeof send>>) =>
    ['samples', 'histograms', 'exemplars'].map(
      (what) => answer.headers[`x-prometheus-remote-write-${what}-written`],
    );

  it.each([1, 2] as const)('stores samples of version %d.0, in any order of time', async (version) => {
    const name = `order_${version}`;
    const answer = await write(version, [
      {
        labels: { __name__: name, job: 'api', instance: 'ä:1' },
        samples: [
          [2, now],
          [1.5, now - 5_000],
          [Number.NaN, now - 9_000],
        ],
      },
      { labels: { __name__: name }, samples: [[-0.25, now]] },
    ]);
    expect([answer.statusCode, answer.body, written(answer)]).toEqual([204, '', ['4', '0', '0']]);
    const labels = { job: 'api', instance: 'ä:1' };
    expect(await api.samples(`name = '${name}'`)).toEqual(
      [
        { time: at(-9_000), name, value: null, labels },
        { time: at(-5_000), name, value: 1.5, labels },
        { time: at(0), name, value: -0.25, labels: {} },
        { time: at(0), name, value: 2, labels },
      ].map((row) => expect.objectContaining({ ...row, time: expect.anything() })),
    );
  });

  it('stores the same body once, and answers it alike', async () => {
    const series = [{ labels: { __name__: 'once' }, samples: [[1, now]] }] as const;
    const first = await write(1, series);
    const again = await write(1, series);
    expect([first.statusCode, again.statusCode, written(again)]).toEqual([204, 204, ['1', '0', '0']]);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(await api.samples(`name = 'once'`)).toHaveLength(1);
  });

  it('counts markers of ended series as written, stores nothing for them', async () => {
    const sample = Buffer.concat([STALE_SAMPLE, Buffer.from([0x10, 0x01])]);
    const label = Buffer.from([
      0x0a,
      15,
      0x0a,
      8,
      ...Buffer.from('__name__'),
      0x12,
      3,
      ...Buffer.from('end'),
    ]);
    const series = Buffer.concat([label, Buffer.from([0x12, sample.length]), sample]);
    const answer = await send(packed(Buffer.concat([Buffer.from([0x0a, series.length]), series])));
    expect([answer.statusCode, written(answer)]).toEqual([204, ['1', '0', '0']]);
    expect(await api.samples(`name = 'end'`)).toEqual([]);
  });

  it('says that exemplars and metadata are not kept', async () => {
    const exemplars = [{ labelsRefs: [], value: 1, timestamp: now }];
    const series = [{ labels: { __name__: 'with_exemplar' }, samples: [[1, now]] }] as const;
    const answer = await write(2, series, { exemplars, metadata: { type: 1 }, createdTimestamp: now });
    expect([answer.statusCode, written(answer)]).toEqual([204, ['1', '0', '0']]);
  });

  it('refuses what cannot be kept by name, stores the rest, and can replay the refused', async () => {
    const histograms = [{ countInt: 3, sum: 1.5, schema: 3, positiveDeltas: [1, 2], timestamp: now }];
    const answer = await write(2, [
      { labels: { __name__: 'partly' }, samples: [[1, now]] },
      { labels: { __name__: 'partly' }, samples: [[Number.POSITIVE_INFINITY, now]] },
      { labels: { job: 'x' }, samples: [[1, now]] },
      { labels: { __name__: 'native' }, histograms },
    ]);
    expect([answer.statusCode, written(answer)]).toEqual([400, ['1', '0', '0']]);
    expect(answer.json()).toMatchObject({
      type: 'urn:tsdb:problem:rows-rejected',
      detail: expect.stringContaining('3 of 4 samples and histograms were refused'),
      rejected: 3,
      errors: [
        { line: 2, reason: expect.stringContaining('finite') },
        { line: 3, reason: expect.stringContaining('the series has no name') },
        { line: 4, reason: expect.stringContaining('native histogram') },
      ],
    });
    expect(await api.samples(`name = 'partly'`)).toHaveLength(1);
    const letters = await api.letters();
    // JSON has no infinity, so the first one cannot be replayed.
    expect(letters.map(({ format }) => format)).toEqual(['damaged', 'point', 'point']);
    const replay = await api.send('POST', '/api/dead-letters/replay', {
      ids: (await api.pool.query('SELECT id FROM service.dead_letter')).rows.map(({ id }) => id),
    });
    expect(replay.json()).toMatchObject({ replayed: 1, failed: 2 });
    expect((await api.samples(`name LIKE 'native%'`)).map(({ name, value }) => [name, value])).toEqual([
      ['native_count', 3],
      ['native_sum', 1.5],
    ]);
  });

  it.each<[string, number, Buffer, Record<string, string>]>([
    ['an empty request', 204, packed(Buffer.alloc(0)), V1],
    ['an empty request of 2.0', 204, packed(Buffer.alloc(0)), V2],
    [
      'no encoding, as some clients send it',
      204,
      packed(writeRequest1([])),
      { 'content-type': V1['content-type'] },
    ],
    ['no content type', 204, packed(writeRequest1([])), {}],
    ['another encoding', 415, packed(writeRequest1([])), { ...V1, 'content-encoding': 'gzip' }],
    ['another type', 415, packed(writeRequest1([])), { 'content-type': 'application/json' }],
    [
      'another message',
      415,
      packed(writeRequest1([])),
      { ...V1, 'content-type': `${V1['content-type']};proto=x` },
    ],
    ['a body that is not packed', 400, writeRequest1([{ labels: { a: 'b' } }]), V1],
    ['a body that is cut', 400, packed(writeRequest1([{ labels: { __name__: 'a' } }])).subarray(0, 9), V1],
    ['bytes that are no message', 400, packed(Buffer.from('0a0500', 'hex')), V1],
    ['the other version', 400, packed(writeRequest2([{ labels: { __name__: 'a' } }])), V1],
    ['a block that says 4 gigabytes', 413, Buffer.from('ffffffff0f00', 'hex'), V1],
    ['a bomb', 413, packed(Buffer.alloc(2_000_001)), V1],
    [
      'a million series without anything',
      400,
      packed(Buffer.alloc(2_000_000, Buffer.from('0a00', 'hex'))),
      V1,
    ],
    ['a length that leads back to itself', 400, Buffer.from('0afcfaffffff00000000', 'hex'), V1],
  ])('answers %s with %d', async (_, status, body, headers) => {
    const answer = await send(body, headers);
    expect([answer.statusCode, answer.body]).toEqual([status, expect.anything()]);
    if (status >= 400) expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  it('refuses a small body whose labels would fill the memory', async () => {
    const series = encodedAgain(100_000);
    const answer = await send(packed(series), V2);
    expect([answer.statusCode, answer.json().detail]).toEqual([413, expect.stringContaining('labels')]);
  });

  it('answers garbage with 400, and never with a status that is sent again for ever', async () => {
    const good = packed(writeRequest1([{ labels: { __name__: 'fuzz', a: 'b' }, samples: [[1, now]] }]));
    const body = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => packed(Buffer.from(bytes))),
      fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([place, byte]) => {
        const changed = Buffer.from(good);
        changed[place] = byte;
        return changed;
      }),
    );
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(V1, V2), async (bytes, headers) => {
        expect([204, 400, 413]).toContain((await send(bytes, headers)).statusCode);
      }),
      { numRuns: 300 },
    );
  });
});

/** A request of 2.0 with one label of 100,000 characters in many series. */
function encodedAgain(count: number): Buffer {
  const symbols = ['', '__name__', 'm', 'a', 'x'.repeat(100_000)].map((text) => {
    const bytes = Buffer.from(text);
    return Buffer.concat([Buffer.from([0x22, ...varint(bytes.length)]), bytes]);
  });
  const series = Buffer.from([0x2a, 8, 0x0a, 4, 1, 2, 3, 4, 0x12, 0]);
  return Buffer.concat([...symbols, ...Array.from({ length: count }, () => series)]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

import fc from 'fast-check';
import { ExactNumber } from '../../../db/core/exact-json';
import type { SentPoint } from '../../ingest/points/point';
import { protobufEncoding } from '../protobuf';
import { decoded, encoded } from '../testing/messages';
import { MalformedMessage, startWalk } from '../walk';
import { jsonEncoding } from './json-encoding';
import { otlpPoints } from './points';

const T = '1795176000000000000';
const TIME = '2026-11-20T12:00:00Z';

/** An export with one metric. */
const exportOf = (metric: object, { resource = {}, scope = {} } = {}): object => ({
  resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics: [{ name: 'm', ...metric }] }] }],
});

const fromJson = (request: object): readonly SentPoint[] => [
  ...otlpPoints(jsonEncoding(startWalk()), JSON.parse(JSON.stringify(request))),
];
const fromProtobuf = (request: object): readonly SentPoint[] => [
  ...otlpPoints(protobufEncoding(startWalk()), encoded('Export', request)),
];

/** The samples of both encodings, which must be the same: name and tags as Prometheus writes them, value. */
function samples(request: object): unknown[] {
  const sent = fromJson(request);
  expect(fromProtobuf(request)).toEqual(sent);
  return sent.map(({ point, reason }) => {
    if (point === undefined) return reason;
    const tags = point.tags.map(([key, text]) => `${key}=${text}`).join(',');
    return [`${point.name}{${tags}}`, point.fields[0]?.[1]];
  });
}

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

describe('points of an export of OTLP', () => {
  it('are the data points of a gauge, with the tags of resource, scope and data point', () => {
    const dataPoints = [
      { timeUnixNano: T, asDouble: 0.5, attributes: [text('core', '0')] },
      { timeUnixNano: T, asInt: '3' },
    ];
    const request = exportOf(
      { gauge: { dataPoints } },
      {
        resource: { attributes: [text('service.name', 'shop')] },
        scope: { name: 'host', version: '1.2', attributes: [text('x', 'y')] },
      },
    );
    const shared = 'service.name=shop,otel.scope.name=host,otel.scope.version=1.2,otel.scope.x=y';
    expect(samples(request)).toEqual([
      [`m{${shared},core=0}`, 0.5],
      [`m{${shared}}`, 3],
    ]);
    expect(fromJson(request).map(({ line, point }) => [line, point?.time])).toEqual([
      [1, TIME],
      [2, TIME],
    ]);
  });

  it('keep an attribute of the resource under another name where the data point has it, too', () => {
    const dataPoints = [{ timeUnixNano: T, asInt: 1, attributes: [text('host', 'b')] }];
    const resource = { attributes: [text('host', 'a')] };
    expect(samples(exportOf({ gauge: { dataPoints } }, { resource }))).toEqual([
      ['m{resource.host=a,host=b}', 1],
    ]);
  });

  it('keep whole numbers exact, and have no value for NaN', () => {
    const values = [
      { asInt: '9007199254740993' },
      { asInt: '-9223372036854775808' },
      { asInt: 0 },
      { asDouble: 0 },
    ];
    const dataPoints = values.map((value) => ({ timeUnixNano: T, ...value }));
    expect(samples(exportOf({ sum: { dataPoints } })).map((sample) => (sample as unknown[])[1])).toEqual([
      new ExactNumber('9007199254740993'),
      new ExactNumber('-9223372036854775808'),
      0,
      0,
    ]);
    const nan = exportOf({ gauge: { dataPoints: [{ timeUnixNano: T, asDouble: 'NaN' }] } });
    expect(fromJson(nan)[0]?.point?.fields).toEqual([['value', null]]);
  });

  it('say that a sum counts since the last export only', () => {
    const dataPoints = [{ timeUnixNano: T, asInt: 1 }];
    expect(samples(exportOf({ sum: { dataPoints, aggregationTemporality: 1 } }))).toEqual([
      ['m{otel.temporality=delta}', 1],
    ]);
    expect(samples(exportOf({ sum: { dataPoints, aggregationTemporality: 2 } }))).toEqual([['m{}', 1]]);
  });

  it('are the buckets, the sum and the count of a histogram', () => {
    const point = { timeUnixNano: T, count: 6, sum: 12.5, min: 0.5, max: 9 };
    const bounds = { bucketCounts: ['1', 2, '3'], explicitBounds: [1, 2.5] };
    expect(samples(exportOf({ histogram: { dataPoints: [{ ...point, ...bounds }] } }))).toEqual([
      ['m_bucket{le=1}', 1],
      ['m_bucket{le=2.5}', 3],
      ['m_bucket{le=+Inf}', 6],
      ['m_sum{}', 12.5],
      ['m_min{}', 0.5],
      ['m_max{}', 9],
      ['m_count{}', 6],
    ]);
    expect(samples(exportOf({ histogram: { dataPoints: [{ timeUnixNano: T, count: 2 }] } }))).toEqual([
      ['m_count{}', 2],
    ]);
    expect(
      samples(
        exportOf({ histogram: { dataPoints: [{ ...point, bucketCounts: [1], explicitBounds: [1, 2] }] } }),
      ),
    ).toEqual([expect.stringContaining('one bucket more than bounds')]);
  });

  it('have bounds for the buckets of an exponential histogram', () => {
    const point = {
      timeUnixNano: T,
      count: 11,
      sum: 1,
      scale: 0,
      zeroCount: 2,
      positive: { offset: 1, bucketCounts: [1, 0, 4] },
      negative: { offset: 0, bucketCounts: [3, 1] },
    };
    // -4 ≤ x < -2: 1, -2 ≤ x < -1: 3, 0: 2, 2 < x ≤ 4: 1, 8 < x ≤ 16: 4.
    expect(samples(exportOf({ exponentialHistogram: { dataPoints: [point] } }))).toEqual([
      ['m_bucket{le=-2}', 1],
      ['m_bucket{le=-1}', 4],
      ['m_bucket{le=0}', 6],
      ['m_bucket{le=4}', 7],
      ['m_bucket{le=16}', 11],
      ['m_bucket{le=+Inf}', 11],
      ['m_sum{}', 1],
      ['m_count{}', 11],
    ]);
    for (const [change, reason] of [
      [{ scale: 99 }, 'the scale 99'],
      [{ count: 3 }, 'count 11 values, and it has 3'],
      [{ positive: { offset: -9_000, bucketCounts: [1] } }, 'the same bound'],
    ] as const)
      expect(samples(exportOf({ exponentialHistogram: { dataPoints: [{ ...point, ...change }] } }))).toEqual([
        expect.stringContaining(reason),
      ]);
  });

  it('are the quantiles, the sum and the count of a summary', () => {
    const quantileValues = [
      { quantile: 0.5, value: 1.5 },
      { quantile: 1, value: 2 },
    ];
    const dataPoints = [{ timeUnixNano: T, count: '4', sum: 6, quantileValues }];
    expect(samples(exportOf({ summary: { dataPoints } }))).toEqual([
      ['m{quantile=0.5}', 1.5],
      ['m{quantile=1}', 2],
      ['m_sum{}', 6],
      ['m_count{}', 4],
    ]);
  });

  it('have a text for every kind of value of an attribute', () => {
    const attributes = [
      text('text', 'a "b"'),
      { key: 'yes', value: { boolValue: true } },
      { key: 'int', value: { intValue: '9007199254740993' } },
      { key: 'double', value: { doubleValue: 0.1 } },
      { key: 'bytes', value: { bytesValue: Buffer.from([0, 255]).toString('base64') } },
      { key: 'none', value: {} },
      {
        key: 'list',
        value: { arrayValue: { values: [{ intValue: '9007199254740993' }, { stringValue: '"' }, {}] } },
      },
      { key: 'map', value: { kvlistValue: { values: [text('__proto__', 'x')] } } },
    ];
    const dataPoints = [{ timeUnixNano: T, asInt: 1, attributes }];
    const [sent] = fromJson(exportOf({ gauge: { dataPoints } }));
    expect(samples(exportOf({ gauge: { dataPoints } }))).toHaveLength(1);
    expect(sent?.point?.tags).toEqual([
      ['text', 'a "b"'],
      ['yes', 'true'],
      ['int', '9007199254740993'],
      ['double', '0.1'],
      ['bytes', 'AP8='],
      ['none', ''],
      ['list', '[9007199254740993,"\\"",""]'],
      ['map', '{"__proto__":"x"}'],
    ]);
  });

  it('leave out data points that only say that there is no value', () => {
    const dataPoints = [{ timeUnixNano: T, flags: 1 }];
    expect(samples(exportOf({ gauge: { dataPoints } }))).toEqual([]);
  });

  it.each([
    ['no time', { gauge: { dataPoints: [{ asInt: 1 }] } }, 'the data point has no time'],
    [
      'a time out of range',
      { gauge: { dataPoints: [{ asInt: 1, timeUnixNano: '18446744073709551615' }] } },
      '',
    ],
    ['no value', { gauge: { dataPoints: [{ timeUnixNano: T }] } }, 'neither asDouble nor asInt'],
    ['no name', { name: '', gauge: { dataPoints: [{ asInt: 1, timeUnixNano: T }] } }, 'has no name'],
    ['no data', {}, 'has no data of a kind'],
  ])('are refused by name with %s', (_, metric, reason) => {
    expect(samples(exportOf(metric))).toEqual([expect.stringContaining(reason)]);
  });

  it('keep what was sent for a time that is none', () => {
    const dataPoints = [{ asInt: 1 }, { asInt: 1, timeUnixNano: '18446744073709551615' }];
    const sources = fromJson(exportOf({ gauge: { dataPoints } })).map(({ source }) => source);
    expect(sources).toMatchObject([{ time: '' }, { time: '18446744073709551615' }]);
  });

  it('ignore members that are not known, and null', () => {
    const point = {
      timeUnixNano: T,
      asInt: '1',
      attributes: null,
      exemplars: [{ traceId: '5B8E' }],
      new: {},
    };
    expect(fromJson(exportOf({ gauge: { dataPoints: [point] }, unit: 's', new: [1] }))).toHaveLength(1);
    expect(fromJson({})).toEqual([]);
    expect(fromJson({ resourceMetrics: null })).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['a list', []],
    ['a number as metrics', { resourceMetrics: 5 }],
    ['a text as name', exportOf({ name: 5 })],
    ['a value that JSON has rounded', exportOf({ gauge: { dataPoints: [{ asInt: 2 ** 53 }] } })],
    ['a time that is a word', exportOf({ gauge: { dataPoints: [{ timeUnixNano: 'now' }] } })],
    ['the name of an enum', exportOf({ sum: { aggregationTemporality: 'DELTA' } })],
  ])('are not read from %s', (_, request) => {
    expect(() => fromJson(request as object)).toThrow(MalformedMessage);
  });

  it('are the same in both encodings, for any export', () => {
    const short = fc.string({ unit: 'grapheme', maxLength: 6 });
    const count = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
    // JSON.stringify writes -0 as 0.
    const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0);
    const { value } = fc.letrec<{ value: object }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        short.map((stringValue) => ({ stringValue })),
        fc.boolean().map((boolValue) => ({ boolValue })),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((int) => ({ intValue: String(int) })),
        double.map((doubleValue) => ({ doubleValue })),
        fc.array(tie('value'), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
      ),
    }));
    const attributes = fc.array(fc.record({ key: short, value }), { maxLength: 3 });
    const timeUnixNano = fc.oneof(fc.constant(T), count);
    const numberPoint = fc.record({
      timeUnixNano,
      attributes,
      flags: fc.constantFrom(0, 1, 2),
      asDouble: double,
    });
    const histogramPoint = fc.record({
      timeUnixNano,
      attributes,
      count,
      bucketCounts: fc.array(fc.nat().map(String), { maxLength: 3 }),
      explicitBounds: fc.array(double, { maxLength: 3 }),
      max: double,
    });
    const metric = fc.oneof(
      fc.array(numberPoint, { maxLength: 3 }).map((dataPoints) => ({ gauge: { dataPoints } })),
      fc
        .array(histogramPoint, { maxLength: 3 })
        .map((dataPoints) => ({ histogram: { dataPoints, aggregationTemporality: 1 } })),
    );
    fc.assert(
      fc.property(metric, short, attributes, (data, name, shared) => {
        const request = exportOf({ ...data, name }, { resource: { attributes: shared }, scope: { name } });
        expect(fromProtobuf(request)).toEqual(fromJson(request));
        // And the JSON form that protobufjs makes of the bytes.
        expect(fromJson(decoded('Export', encoded('Export', request)))).toEqual(fromJson(request));
      }),
      { numRuns: 300 },
    );
  });

  it('never do anything else than to be read or refused, whatever the body is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uint8Array({ maxLength: 40 }), (json, bytes) => {
        for (const read of [
          () => [...otlpPoints(jsonEncoding(startWalk()), { resourceMetrics: json })],
          () => [
            ...otlpPoints(jsonEncoding(startWalk()), exportOf({ gauge: json, sum: { dataPoints: json } })),
          ],
          () => [...otlpPoints(protobufEncoding(startWalk()), Buffer.from(bytes))],
        ])
          try {
            read();
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedMessage);
          }
      }),
      { numRuns: 1_000 },
    );
  });
});

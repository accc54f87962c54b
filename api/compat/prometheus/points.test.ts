import fc from 'fast-check';
import { protobufEncoding } from '../protobuf';
import { STALE_SAMPLE, type TestSeries, writeRequest1, writeRequest2 } from '../testing/messages';
import { startWalk } from '../walk';
import { seriesOfVersion1, seriesOfVersion2 } from './messages';
import { prometheusPoints, type Sent } from './points';

const T = Date.parse('2026-11-20T10:00:00Z');

function read(version: 1 | 2, body: Buffer) {
  const sent: Sent = { samples: 0, histograms: 0, endedHistograms: 0 };
  const encoding = protobufEncoding(startWalk());
  const series = version === 1 ? seriesOfVersion1(body, encoding) : seriesOfVersion2(body, encoding);
  return { points: [...prometheusPoints(series, encoding, sent)], sent };
}
const write = { 1: writeRequest1, 2: writeRequest2 };

describe.each([1, 2] as const)('points of remote write %d.0', (version) => {
  const points = (series: readonly TestSeries[]) => read(version, write[version](series)).points;

  it('are the samples of the series, named by __name__', () => {
    const labels = { __name__: 'up', instance: 'a:1', job: '' };
    const samples = [
      [1, T],
      [0.1, T + 1],
    ] as const;
    expect(points([{ labels, samples }]).map(({ line, point }) => ({ line, point }))).toEqual([
      {
        line: 1,
        point: {
          name: 'up',
          tags: [['instance', 'a:1']],
          fields: [['value', 1]],
          time: '2026-11-20T10:00:00Z',
        },
      },
      {
        line: 2,
        point: {
          name: 'up',
          tags: [['instance', 'a:1']],
          fields: [['value', 0.1]],
          time: '2026-11-20T10:00:00.001Z',
        },
      },
    ]);
  });

  it('take labels in any order', () => {
    const [sent] = points([
      {
        labels: [
          ['z', '1'],
          ['__name__', 'up'],
          ['a', '2'],
        ],
        samples: [[1, T]],
      },
    ]);
    expect(sent?.point?.tags).toEqual([
      ['z', '1'],
      ['a', '2'],
    ]);
  });

  it('have no value for NaN, and keep infinity for the reader of rows to refuse', () => {
    const labels = { __name__: 'q' };
    const samples = [
      [Number.NaN, T],
      [Number.POSITIVE_INFINITY, T],
    ] as const;
    expect(points([{ labels, samples }]).map(({ point }) => point?.fields)).toEqual([
      [['value', null]],
      [['value', Number.POSITIVE_INFINITY]],
    ]);
  });

  it.each<[string, TestSeries['labels'], number, string]>([
    ['without a name', { job: 'x' }, T, 'the series has no name: it needs the label __name__'],
    ['with an empty name', { __name__: '' }, T, 'the series has no name'],
    [
      'with a label twice',
      [
        ['__name__', 'up'],
        ['a', '1'],
        ['a', '1'],
      ],
      T,
      'label "a" is given twice',
    ],
    [
      'with a label without a name',
      [
        ['__name__', 'up'],
        ['', 'x'],
      ],
      T,
      'a label has no name',
    ],
    ['in nanoseconds', { __name__: 'up' }, T * 1_000_000, 'is out of range; is it in milliseconds?'],
  ])('are refused by name: a series %s', (_, labels, time, reason) => {
    const [one, other] = points([
      { labels, samples: [[1, time]] },
      { labels: { __name__: 'up' }, samples: [[2, T]] },
    ]);
    expect([one?.point, one?.reason]).toEqual([undefined, expect.stringContaining(reason)]);
    expect(other?.point?.fields).toEqual([['value', 2]]);
  });

  it('are refused for native histograms, with the count and the sum for a replay', () => {
    const histograms = [{ countInt: 3, sum: 1.5, schema: 3, positiveDeltas: [1, 2], timestamp: T }];
    const { points: sent, sent: counted } = read(
      version,
      write[version]([{ labels: { __name__: 'h' }, histograms }]),
    );
    expect(sent[0]).toMatchObject({
      line: 1,
      reason: expect.stringContaining('native histogram'),
      source: {
        name: 'h',
        fields: [
          ['count', 3],
          ['sum', 1.5],
        ],
        time: '2026-11-20T10:00:00Z',
      },
    });
    expect(counted).toEqual({ samples: 0, histograms: 1, endedHistograms: 0 });
  });

  it('are those that were written, for any texts and numbers', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 8 });
    const series = fc.record({
      labels: fc
        .dictionary(
          text.filter((name) => name !== '' && name !== '__name__'),
          text.filter((value) => value !== ''),
        )
        .chain((labels) => text.map((name) => ({ ...labels, __name__: `m${name}` }))),
      samples: fc.array(
        fc.tuple(fc.double({ noNaN: true }), fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(2090, 0) })),
        { maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(fc.array(series, { maxLength: 5 }), (all) => {
        const expected = all.flatMap(({ labels, samples }) =>
          samples.map(([value, time]) => [labels.__name__, value, time]),
        );
        const found = points(all).map(({ point }) => [
          point?.name,
          point?.fields[0]?.[1],
          Date.parse(point?.time ?? ''),
        ]);
        expect(found).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});

describe('points of remote write', () => {
  it('leave out stale markers and count them', () => {
    const sample = Buffer.concat([STALE_SAMPLE, Buffer.from([0x10, 0x01])]);
    const label = Buffer.from([0x0a, 10, 0x0a, 8, ...Buffer.from('__name__')]);
    const series = Buffer.concat([label, Buffer.from([0x12, sample.length]), sample]);
    const { points, sent } = read(1, Buffer.concat([Buffer.from([0x0a, series.length]), series]));
    expect([points, sent.samples]).toEqual([[], 1]);
  });

  it.each([
    ['a symbol that is not there', [1, 9]],
    ['a label without a value', [1]],
  ])('refuse a body of 2.0 with %s', (_, labelsRefs) => {
    const body = writeRequest2([{ labels: { __name__: 'up' }, samples: [[1, T]] }], { labelsRefs });
    expect(() => read(2, body)).toThrow(/symbol 9|without a value/);
  });

  it('refuse a body of the other version, which would be valid and empty', () => {
    const series = [{ labels: { __name__: 'up' }, samples: [[1, T]] }] as const;
    expect(() => read(1, writeRequest2(series))).toThrow('it has series of version 2.0');
    expect(() => read(2, writeRequest1(series))).toThrow('it has series of version 1.0');
    expect(read(1, writeRequest1([], { metadata: [{ type: 1, help: 'x' }] })).points).toEqual([]);
  });
});

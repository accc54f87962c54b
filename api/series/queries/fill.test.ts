import { parseDuration } from '../../../db/language/interval';
import { instantOf } from '../../http/time';
import { bucketsOver } from '../buckets';
import { type AnswerRow, filledCount, fillGaps, type Gaps } from './fill';

const gapsOf = (
  fill: Gaps['fill'],
  width: string,
  from: string,
  to: string,
  by: readonly string[] = [],
): Gaps => ({
  fill,
  buckets: bucketsOver(parseDuration(width), { from: instantOf(from), to: instantOf(to) }),
  by,
  figures: ['v'],
});
const day = (at: number) => `2026-01-0${at}T00:00:00Z`;
const values = (rows: readonly AnswerRow[]) => rows.map(({ v }) => v);

describe('fill', () => {
  const rows = [
    { time: day(2), v: 2 },
    { time: day(3), v: null },
    { time: day(5), v: 8 },
  ];
  const gaps = (fill: Gaps['fill']) => gapsOf(fill, '1 day', day(1), day(7));

  it.each<[Gaps['fill'], readonly unknown[]]>([
    ['null', [null, 2, null, null, 8, null]],
    ['locf', [null, 2, 2, 2, 8, 8]],
    ['linear', [null, 2, 4, 6, 8, null]],
  ])('fills with %s', (fill, expected) => {
    const filled = fillGaps(rows, gaps(fill));
    expect(values(filled)).toEqual(expected);
    expect(filled.map(({ time }) => time)).toEqual([1, 2, 3, 4, 5, 6].map(day));
  });

  it('fills every series on its own, NULL keys as well', () => {
    const filled = fillGaps(
      [
        { time: day(1), k: 'b', v: 1 },
        { time: day(2), k: null, v: 5 },
        { time: day(3), k: 'b', v: 3 },
      ],
      gapsOf('linear', '1 day', day(1), day(4), ['k']),
    );
    expect(filled).toEqual([
      { time: day(1), k: 'b', v: 1 },
      { time: day(1), k: null, v: null },
      { time: day(2), k: 'b', v: 2 },
      { time: day(2), k: null, v: 5 },
      { time: day(3), k: 'b', v: 3 },
      { time: day(3), k: null, v: null },
    ]);
  });

  it('knows the calendar, and draws lines by time', () => {
    const [january, march] = ['2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z'];
    const asked = gapsOf('linear', '1 month', '2025-12-01T00:00:00Z', '2026-05-01T00:00:00Z');
    const filled = fillGaps(
      [
        { time: january, v: 0 },
        { time: march, v: 59 },
      ],
      asked,
    );
    expect(filled.map(({ time }) => String(time).slice(0, 7))).toEqual([
      '2025-12',
      '2026-01',
      '2026-02',
      '2026-03',
      '2026-04',
    ]);
    expect(values(filled)).toEqual([null, 0, expect.closeTo(31, 9), 59, null]);
  });

  it('carries texts, and draws no line between them', () => {
    const texts = [
      { time: day(1), v: '9007199254740993' },
      { time: day(3), v: '9007199254740995' },
    ];
    const asked = (fill: Gaps['fill']) => values(fillGaps(texts, gapsOf(fill, '1 day', day(1), day(4))));
    expect(asked('locf')).toEqual(['9007199254740993', '9007199254740993', '9007199254740995']);
    expect(asked('linear')).toEqual(['9007199254740993', null, '9007199254740995']);
  });

  it('counts what it would make', () => {
    expect(filledCount(rows, gaps('null'))).toBe(6);
    expect(filledCount([], gaps('null'))).toBe(6);
    expect(filledCount([], gapsOf('null', '1 day', day(1), day(7), ['k']))).toBe(0);
    expect(
      filledCount([{ k: 1 }, { k: 2 }, { k: 1 }], gapsOf('null', '1 second', day(1), day(2), ['k'])),
    ).toBe(172_800);
    expect(fillGaps([], gapsOf('null', '1 day', day(1), day(3)))).toEqual([
      { time: day(1), v: null },
      { time: day(2), v: null },
    ]);
  });
});

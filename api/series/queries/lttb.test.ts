import fc from 'fast-check';
import { lttb, type Point } from './lttb';

const line = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 50 }), y: fc.integer({ min: -1_000, max: 1_000 }) }), {
    maxLength: 300,
  })
  .map((steps) => {
    let x = 0;
    return steps.map(({ gap, y }): Point => {
      x += gap;
      return { x, y };
    });
  });

describe('lttb', () => {
  it('keeps ends, order and number, and makes up no point', () => {
    fc.assert(
      fc.property(line, fc.integer({ min: 2, max: 100 }), (points, count) => {
        const picked = lttb(points, count);
        expect(picked.length).toBe(Math.min(points.length, count));
        expect(picked.every((point) => points.includes(point))).toBe(true);
        expect(picked).toEqual([...picked].sort((a, b) => a.x - b.x));
        expect([picked[0], picked.at(-1)]).toEqual([points[0], points.at(-1)]);
      }),
    );
  });

  it('keeps the one peak of a flat line', () => {
    for (let peak = 1; peak < 99; peak += 1) {
      const points = Array.from({ length: 100 }, (_, x) => ({ x, y: x === peak ? 10 : 0 }));
      expect(lttb(points, 10)).toContain(points[peak]);
    }
  });

  it('picks the largest triangles', () => {
    const points = [0, 5, 1, 1, -7, 0, 2].map((y, x) => ({ x, y }));
    // By hand: slots are (1), (2, 3), (4, 5). From 1, with (4.5, -3.5) ahead, 2 makes 5.5 and 3 makes 3;
    // from 2, with the end ahead, 4 makes 34 and 5 makes 7.
    expect(lttb(points, 5).map(({ x }) => x)).toEqual([0, 1, 2, 4, 6]);
  });

  it('copes with few points', () => {
    const points = [1, 2, 3].map((x) => ({ x, y: x }));
    expect(lttb([], 5)).toEqual([]);
    expect(lttb(points, 3)).toBe(points);
    expect(lttb(points, 2)).toEqual([points[0], points[2]]);
    expect(lttb(points, 1)).toEqual([points[0]]);
  });
});

import { axisFor } from './axis';

describe('a linear axis', () => {
  it.each([
    [[37], [0, 10, 20, 30, 40]],
    [
      [100, 20],
      [0, 25, 50, 75, 100],
    ],
    [[101], [0, 50, 100, 150]],
    [[187_000], [0, 50_000, 100_000, 150_000, 200_000]],
    [[0.8], [0, 0.2, 0.4, 0.6, 0.8]],
  ])('of %j has the ticks %j', (values, ticks) => {
    const axis = axisFor('linear', values);
    expect(axis.ticks).toHaveLength(ticks.length);
    for (const [at, tick] of ticks.entries()) expect(axis.ticks[at]).toBeCloseTo(tick, 9);
  });

  it('begins at 0, so that lengths are in proportion', () => {
    const axis = axisFor('linear', [400, 100]);
    expect(axis.place(100) * 4).toBeCloseTo(axis.place(400), 9);
    expect(axis.place(0)).toBe(0);
  });
});

describe('a logarithmic axis', () => {
  const axis = axisFor('log', [3, 4_500]);

  it('goes from power to power', () => {
    expect(axis.ticks).toEqual([1, 10, 100, 1_000, 10_000]);
    expect([axis.place(1), axis.place(100), axis.place(10_000)]).toEqual([0, 50, 100]);
  });

  it('keeps what lies outside at the edge', () => {
    expect([axis.place(0), axis.place(-1), axis.place(1e9)]).toEqual([0, 0, 100]);
  });

  it('has a width even for one power of ten', () => {
    expect(axisFor('log', [10]).ticks).toEqual([10, 100]);
  });
});

it('refuses a chart of nothing', () => {
  expect(() => axisFor('log', [0, Number.NaN])).toThrow(RangeError);
});

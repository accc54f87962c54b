import { summarize, summarizeMemory, summarizeRatio } from './statistics';

describe('summarize', () => {
  it('takes the middle of an odd number, and the mean of the middle two of an even one', () => {
    expect(summarize([9, 1, 5], 'ms')).toMatchObject({ unit: 'ms', runs: 3, median: 5, min: 1, max: 9 });
    expect(summarize([4, 1, 3, 2], 'ms').median).toBe(2.5);
  });

  it('gives quartiles between two measurements', () => {
    expect(summarize([1, 2, 3, 4, 5], 'ms')).toMatchObject({ q1: 2, q3: 4 });
    expect(summarize([1, 2, 3, 4], 'ms')).toMatchObject({ q1: 1.75, q3: 3.25 });
  });

  it('sorts by number, and leaves its input alone', () => {
    const values = [100, 20, 3];
    expect(summarize(values, 'ms').median).toBe(20);
    expect(values).toEqual([100, 20, 3]);
  });

  it('is one number everywhere for one measurement', () => {
    expect(summarize([7], 'rows/s')).toEqual({
      unit: 'rows/s',
      runs: 1,
      median: 7,
      min: 7,
      q1: 7,
      q3: 7,
      max: 7,
    });
  });

  it.each([[[]], [[1, Number.NaN]], [[Number.POSITIVE_INFINITY]]])('refuses %j', (values) => {
    expect(() => summarize(values, 'ms')).toThrow(RangeError);
  });
});

describe('summarizeRatio', () => {
  it('is the median of the pairs, not the ratio of the medians', () => {
    expect(summarizeRatio([10, 100, 30], [1, 50, 2])).toMatchObject({
      unit: '×',
      median: 10,
      min: 2,
      max: 15,
    });
  });

  it('refuses what has no partner, and a division by nothing', () => {
    expect(() => summarizeRatio([1, 2], [1])).toThrow(/2 measurements cannot be paired with 1/);
    expect(() => summarizeRatio([1], [0])).toThrow(RangeError);
  });
});

it('gives memory in megabytes, of the runs that could tell it', () => {
  expect(summarizeMemory([2e6, null, 4e6])).toMatchObject({ unit: 'MB', runs: 2, median: 3 });
  expect(summarizeMemory([null])).toBeNull();
});

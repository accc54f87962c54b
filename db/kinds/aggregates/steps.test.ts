import { timescaleAggregates } from '../../engines/timescaledb/aggregates';
import type { ContinuousAggregate } from '../../language/aggregate';
import { works } from '../../testing/evolution-sets';
import { historyLoss } from './history-loss';
import { buildNext } from './steps';

const aggregate = works().objects[1] as ContinuousAggregate;
const next = { ...aggregate, name: 'hourly__next' };
const hazardsOf = (rows: number, bytes: number): readonly string[] =>
  buildNext(timescaleAggregates, { aggregate, next, replaces: true }, false, {
    indexes: [],
    impact: { chunks: 3, rows, bytes },
  })
    .flatMap(({ hazards }) => hazards)
    .map(({ name }) => name);

describe('building an aggregate anew', () => {
  it('asks for no consent where the source is small', () => {
    expect(hazardsOf(9_999_999, 1_000_000)).toEqual([]);
  });

  it('announces that it takes long where the source has many rows or bytes', () => {
    expect(hazardsOf(10_000_000, 1_000_000)).toEqual(['long-running']);
    expect(hazardsOf(0, 4 * 1024 ** 3)).toEqual(['long-running']);
  });

  it('is a loss of history only where buckets would be missing', () => {
    const gone = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T02:00:00Z', kept: 6 };
    expect(historyLoss('works.hourly', { gone: { ...gone, buckets: 0, rows: 0 } })).toEqual([]);
    expect(historyLoss('works.hourly', { gone: { ...gone, buckets: 2, rows: 5 } })).toEqual([
      {
        name: 'loses-history',
        reason:
          '2 buckets of works.hourly from 2026-01-01T00:00:00Z to 2026-01-01T02:00:00Z (5 rows) will be missing or incomplete, because source rows of them are gone',
      },
    ]);
  });
});

import { aggregateColumns, levels, rawColumns } from './levels';
import { AggregateRow, RawRow } from './schemas';

describe('levels', () => {
  it('cut the start of a period to the declared buckets', () => {
    for (const { relation, bucket } of Object.values(levels)) {
      expect(relation.kind === 'aggregate' ? relation.bucket : undefined).toBe(bucket && `1 ${bucket.unit}`);
    }
  });

  it('show exactly the columns that the answer describes', () => {
    expect(Object.keys(RawRow.properties)).toEqual(rawColumns);
    expect(Object.keys(AggregateRow.properties)).toEqual(aggregateColumns);
  });

  it('read declared columns only', () => {
    for (const { relation, columns, time } of Object.values(levels)) {
      expect(relation.columnNames).toEqual(expect.arrayContaining([...columns, time, 'sensor_id']));
    }
  });
});

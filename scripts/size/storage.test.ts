// Bytes of rows and index entries, beside sums that are written out by hand from PostgreSQL's page format.
import { bigint, boolean, integer, smallint, timestamptz, uuid, varchar } from '../../db/language/columns';
import { desc, gin, index, partial, uniqueIndex } from '../../db/language/indexes';
import { sensorData } from '../../db/schema/iot';
import { indexBytes, rowBytes } from './storage';

const columns = sensorData.columnNames.map((name) => sensorData.columns[name]);

describe('a row', () => {
  it('has a header of 24 bytes, aligned values, and a pointer of 4 bytes in a page of 8,192', () => {
    // 24 header + 8 time + 11 text = 43, then 5 to align the doubles: 48 + 3 × 8 = 72; with its pointer 76.
    // (8,192 - 24) / 76 = 107 rows in a page.
    expect(rowBytes(columns).likely).toBeCloseTo(8_192 / 107, 6);
  });

  it('depends on the order of the columns, because values are aligned', () => {
    // 24 + 1, 7 to align, 8, 1, and 7 to the next multiple of eight: 48. In the other order 24 + 8 + 1 + 1 = 34, so 40.
    expect(rowBytes([boolean(), bigint(), boolean()]).likely).toBeCloseTo(8_192 / Math.floor(8_168 / 52), 6);
    expect(rowBytes([bigint(), boolean(), boolean()]).likely).toBeCloseTo(8_192 / Math.floor(8_168 / 44), 6);
    // 24 + 2, 2 to align, 4, 16: 48.
    expect(rowBytes([smallint(), integer(), uuid()]).likely).toBeCloseTo(8_192 / 157, 6);
  });

  it('is never longer than its type allows', () => {
    expect(rowBytes([varchar(3)])).toEqual(rowBytes([varchar(2)]));
    expect(rowBytes([varchar(200)]).high).toBeGreaterThan(rowBytes([varchar(8)]).high);
  });
});

describe('an index', () => {
  const table = { time: timestamptz(), id: varchar(50) };
  const usable = 8_152 / 8_192;

  it('is half full where times are inserted between others, and nine tenths full where they are always the last', () => {
    // 8 header + 11 text, 5 to align, 8 time = 32; with its pointer 36.
    expect(indexBytes(index('id', desc('time')), table, 'time').likely).toBeCloseTo(36 / usable / 0.52, 6);
    expect(indexBytes(index('id', 'time'), table, 'time').likely).toBeCloseTo(36 / usable / 0.52, 6);
    expect(indexBytes(index(desc('time')), table, 'time').likely).toBeCloseTo(20 / usable / 0.52, 6);
    expect(indexBytes(index('time'), table, 'time').likely).toBeCloseTo(20 / usable / 0.9, 6);
    expect(indexBytes(index('id'), table, 'time').likely).toBeCloseTo(28 / usable / 0.7, 6);
  });

  it('may merge the entries of equal keys, except when it is unique', () => {
    expect(indexBytes(index(desc('time')), table, 'time').low).toBeCloseTo(6 / usable / 0.9, 6);
    expect(indexBytes(uniqueIndex(desc('time')), table, 'time').low).toBeCloseTo(20 / usable / 0.9, 6);
  });

  it('of some rows only, or of words, has a wide range', () => {
    const some = indexBytes(partial(index('id'), "id = 'a'"), table, 'time');
    expect(some.low).toBe(0);
    expect(some.likely).toBeCloseTo(indexBytes(index('id'), table, 'time').likely / 2, 6);
    const words = indexBytes(gin('id'), table, 'time');
    expect(words.high / words.low).toBeGreaterThan(10);
  });
});

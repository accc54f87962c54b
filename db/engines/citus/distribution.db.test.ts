// A table whose unique key lacks the column of its distribution is refused by the plan, and not by the server in the middle of an apply.
import { float8, text, timestamptz } from '../../language/columns';
import { hypertable } from '../../language/hypertable';
import { desc } from '../../language/indexes';
import { schemaSet } from '../../language/schema-set';
import { createTestDatabase, describeOn, type TestDatabase } from '../../local/test-servers';
import { planSets } from '../../testing/apply';

const columns = {
  time: timestamptz().notNull(),
  device: text().notNull(),
  meter: text().notNull(),
  value: float8(),
};
const reading = hypertable('yard.reading', {
  columns,
  time: 'time',
  chunkInterval: '1 day',
  columnstore: { segmentBy: ['device'], orderBy: [desc('time')], after: '7 days' },
  unique: { columns: ['time', 'meter'], onConflict: 'skip' },
});

describeOn('citus', 'a key without the column of the distribution', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(server);
  });
  afterAll(() => database.drop());

  it('is refused with the column and the way out', async () => {
    const { refusals } = await planSets(database.url, [schemaSet('yard', [reading])]);
    expect(refusals).toEqual([
      expect.objectContaining({
        object: 'yard.reading',
        what: 'cannot be distributed by device: its unique key (time, meter) does not have that column',
        wayOut: 'add device to the key, or declare distributeBy with a column that every unique key has',
      }),
    ]);
  });
});

// Rows and values before and after columns change, and what a plan says about them.

import { bigint, integer, numeric, uuid } from '../language/columns';
import type { SchemaSet } from '../language/schema-set';
import { createTestDatabase, testServers } from '../local/test-servers';
import { dialectOf } from '../model';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { filled, ROWS, some, tableSet, withAggregate } from '../testing/columns-sets';

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  const withDatabase = async (set: SchemaSet, work: (url: string) => Promise<void>): Promise<void> => {
    const database = await createTestDatabase(server, applied([set]));
    await work(database.url);
    await database.drop();
  };

  it('keeps every row and value, and says how much it rewrites', () =>
    withDatabase(some(integer()), async (url) => {
      await execute(url, ...filled[dialectOf(engine)], 'UPDATE plant.metric SET extra = level');
      const before = await select(url, 'SELECT at, device, value, extra FROM plant.metric ORDER BY at');

      const plan = await planSets(url, [some(bigint())]);
      const [step] = plan.steps;
      // Sixty rows in five days, estimated from pages: the order of magnitude is what counts.
      expect(step?.impact?.chunks).toBe(5);
      expect(step?.impact?.rows).toBeGreaterThan(ROWS / 2);
      expect(step?.impact?.bytes).toBeGreaterThanOrEqual(5 * 8192);
      expect(step?.hazards[0]?.reason).toMatch(
        /^rewrites 5 chunks, about \d+ rows, \d+\.\d KiB of plant\.metric$/,
      );

      await applySets(url, [some(bigint())], ['rewrites-data', 'blocks-reads']);
      const after = await select(url, 'SELECT at, device, value, extra::int FROM plant.metric ORDER BY at');
      expect(after).toEqual(before);
      expect(after).toHaveLength(ROWS);
    }));

  it('gives old rows the default of a new column, each its own where it is volatile', () =>
    withDatabase(tableSet(), async (url) => {
      await execute(url, ...filled[dialectOf(engine)]);
      const columns = {
        fixed: integer().notNull().default('7'),
        own: uuid().notNull().default('gen_random_uuid()'),
      };
      await applySets(url, [tableSet({ columns })], ['rewrites-data', 'blocks-reads']);
      expect(
        await select(
          url,
          'SELECT count(*)::int AS rows, count(fixed)::int AS fixed, count(DISTINCT own)::int AS own FROM plant.metric',
        ),
      ).toEqual([{ rows: ROWS, fixed: ROWS, own: ROWS }]);
    }));

  it('does not use up numbers of a sequence while planning', () =>
    withDatabase(tableSet({ columnstore: 'off' }), async (url) => {
      await execute(url, ...filled[dialectOf(engine)], 'CREATE SEQUENCE plant.numbers');
      const numbered = tableSet({
        columnstore: 'off',
        columns: { extra: bigint().notNull().default(`nextval('plant.numbers')`) },
      });
      await planSets(url, [numbered]);
      await applySets(url, [numbered], ['rewrites-data', 'blocks-reads']);
      expect(
        await select(url, 'SELECT min(extra)::int AS low, max(extra)::int AS high FROM plant.metric'),
      ).toEqual([{ low: 1, high: ROWS }]);
      expect((await planSets(url, [numbered])).steps).toEqual([]);
    }));

  it('lists undeclared columns and constraints, and leaves them alone', () =>
    withDatabase(tableSet({ columnstore: 'off' }), async (url) => {
      await execute(
        url,
        'ALTER TABLE plant.metric ADD COLUMN note text',
        'ALTER TABLE plant.metric ADD CONSTRAINT positive CHECK (value > 0)',
        'ALTER TABLE plant.metric ADD CONSTRAINT once UNIQUE (device, at)',
        'CREATE TABLE plant.device (name text PRIMARY KEY)',
        'ALTER TABLE plant.metric ADD CONSTRAINT known FOREIGN KEY (device) REFERENCES plant.device',
      );
      const plan = await planSets(url, [tableSet({ columnstore: 'off' })]);
      expect(plan.undeclared).toEqual([
        'column note of plant.metric',
        'foreign key constraint known of plant.metric',
        'unique constraint once of plant.metric',
        'check constraint positive of plant.metric',
        'table plant.device',
      ]);
      expect({ steps: plan.steps, refusals: plan.refusals }).toEqual({ steps: [], refusals: [] });
    }));

  it('names who uses a column, and the way out', () =>
    withDatabase(withAggregate(), async (url) => {
      await execute(url, 'CREATE VIEW plant.latest AS SELECT max(value) AS value FROM plant.metric');
      const { refusals } = await planSets(url, [withAggregate({ columns: { value: numeric() } })]);
      expect(refusals).toEqual([
        expect.objectContaining({
          why: expect.stringMatching(/^plant\.hourly, plant\.latest use it/),
          wayOut: expect.stringContaining('under another name'),
        }),
      ]);
    }));
});

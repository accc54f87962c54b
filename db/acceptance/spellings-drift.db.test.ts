// The memory of spellings never hides what differs, whatever was done to the objects or to its own rows.
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { type Dialect, dialectOf } from '../model';
import { sealed } from '../server/spellings';
import { applied, applySets, execute, select } from '../testing/apply';
import { plant } from '../testing/sets';
import { ALL, observe, office, planBoth, printedInSync, steps } from '../testing/spellings';

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'the memory of spellings on %s',
  (engine, server) => {
    const sets = [plant(), office()];
    let database: TestDatabase;
    let url: string;
    beforeEach(async () => {
      database = await createTestDatabase(server, applied(sets));
      url = database.url;
    });
    afterEach(() => database.drop());

    const rows = async (): Promise<number> =>
      (await select<{ n: number }>(url, 'SELECT count(*)::int AS n FROM tsdb.spelling'))[0]?.n ?? 0;

    describe('never hides what was changed by hand:', () => {
      it.each([
        [
          'a function',
          [
            `CREATE OR REPLACE FUNCTION office.scaled(amount numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT amount * 10'`,
          ],
          'change-function:office.scaled',
        ],
        [
          'a default',
          [`ALTER TABLE office.account ALTER COLUMN state SET DEFAULT 'odd'`],
          'column-default:office.account.state',
        ],
        ['a row policy', [`ALTER POLICY own ON office.account USING (true)`], 'row-security:office.account'],
        [
          'a type',
          ['ALTER TABLE office.account ALTER COLUMN name TYPE varchar(20)'],
          'column-type:office.account.name',
        ],
        [
          'an index',
          [
            `DO $$ BEGIN EXECUTE (SELECT 'DROP INDEX ' || indexrelid::regclass FROM pg_index WHERE indrelid = 'office.account'::regclass AND indpred IS NOT NULL); END $$`,
            `CREATE INDEX ON office.account (name) WHERE state IN ('new', 'closed')`,
          ],
          `create-index:office.account(name where state IN ('new', 'open'))`,
        ],
      ])('%s', async (_what, drift, step) => {
        await execute(url, ...drift);
        expect(steps(await planBoth(url, sets))).toEqual([step]);
      });

      it('an aggregate', async () => {
        await execute(url, ...AGGREGATE_DRIFT[dialectOf(engine)]);
        expect(steps(await planBoth(url, sets))).toContain('swap-aggregates:plant.metric_daily');
      });

      it('the type of a column that an aggregate reads', async () => {
        await execute(url, ...TYPE_DRIFT[dialectOf(engine)]);
        const { plan, printed } = await planBoth(url, sets);
        expect(plan.refusals.map(({ what }) => what)).toEqual([
          'column value has type real, declared double precision',
        ]);
        expect(printed).toContain('aggregate');
      });

      // The declared text is the same, and so is the index. Only what the text means has changed.
      it('a function that is now a better match for the declared text', async () => {
        await execute(
          url,
          `CREATE FUNCTION office.scaled(amount int) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 0.0'`,
        );
        const { plan, printed } = await planBoth(url, sets);
        expect(plan.steps.map(({ id }) => id)).toEqual([
          'create-index:office.account(office.scaled(amount))',
        ]);
        expect(printed).toEqual(ALL);
      });
    });

    describe('does not believe a row', () => {
      it('whose spelling was edited to what somebody made of the object', async () => {
        await execute(
          url,
          `ALTER TABLE office.account ALTER COLUMN state SET DEFAULT 'odd'`,
          `UPDATE tsdb.spelling SET spelling = '{"type":"text","defaultSql":"''odd''::text"}' WHERE kind = 'column'`,
        );
        expect(steps(await observe(url, sets))).toEqual(['column-default:office.account.state']);
      });

      it.each([
        ['kind', `kind = kind || 's'`],
        ['relation', `relation = 'plant.metric'`],
        ['digest of the declared text', 'declared = reverse(declared)'],
        ['conditions', 'conditions = reverse(conditions)'],
        ['spelling', `spelling = spelling || ' '`],
        ['checksum', 'checksum = reverse(checksum)'],
      ])('with another %s, and the next apply writes it again', async (_what, change) => {
        const before = await rows();
        // Each row by itself, as the key must stay unique.
        await execute(url, `UPDATE tsdb.spelling SET ${change} WHERE kind <> 'index'`);
        expect(await printedInSync(url, sets)).toEqual(ALL.filter((kind) => kind !== 'index'));
        await applySets(url, sets);
        expect(await printedInSync(url, sets)).toEqual([]);
        expect(await rows()).toBeGreaterThanOrEqual(before);
      });

      it('that was printed under other conditions, even with the right checksum', async () => {
        const known = await select<Parameters<typeof sealed>[0]>(url, 'SELECT * FROM tsdb.spelling');
        for (const row of known) {
          const { conditions, checksum } = sealed({ ...row, conditions: 'those of another version' });
          await select(
            url,
            'UPDATE tsdb.spelling SET (conditions, checksum) = ($1, $2) WHERE (kind, relation, declared) = ($3, $4, $5)',
            [conditions, checksum, ...[row.kind, row.relation, row.declared]],
          );
        }
        expect(await printedInSync(url, sets)).toEqual(ALL);
      });
    });
  },
);

const TYPE_DRIFT: Readonly<Record<Dialect, readonly string[]>> = {
  timescaledb: [
    'DROP MATERIALIZED VIEW plant.metric_daily',
    'DROP MATERIALIZED VIEW plant.metric_hourly',
    `CALL public.remove_columnstore_policy('plant.metric')`,
    'ALTER TABLE plant.metric SET (timescaledb.enable_columnstore = false)',
    'ALTER TABLE plant.metric ALTER COLUMN value TYPE real',
    `CREATE MATERIALIZED VIEW plant.metric_hourly WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
       SELECT public.time_bucket('1 hour', at) AS bucket, device, avg(value) AS avg_value, sum(value) AS sum_value, count(value) AS count_value, count(*) AS rows
         FROM plant.metric GROUP BY 1, 2 WITH NO DATA`,
  ],
  postgres: [
    `DO $$
     DECLARE hourly text := pg_get_viewdef('plant.metric_hourly'::regclass); daily text := pg_get_viewdef('plant.metric_daily'::regclass);
     BEGIN
       DROP VIEW plant.metric_daily, plant.metric_hourly;
       ALTER TABLE plant.metric ALTER COLUMN value TYPE real;
       EXECUTE 'CREATE VIEW plant.metric_hourly AS ' || hourly;
       EXECUTE 'CREATE VIEW plant.metric_daily AS ' || daily;
     END $$`,
  ],
};

const AGGREGATE_DRIFT: Readonly<Record<Dialect, readonly string[]>> = {
  timescaledb: [
    'DROP MATERIALIZED VIEW plant.metric_daily',
    `CREATE MATERIALIZED VIEW plant.metric_daily WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
       SELECT public.time_bucket('1 day', bucket) AS bucket, device, max(sum_value) AS avg_value, sum(rows)::bigint AS rows
         FROM plant.metric_hourly GROUP BY 1, 2 WITH NO DATA`,
  ],
  postgres: [
    'CREATE OR REPLACE VIEW plant.metric_daily AS SELECT bucket, device, avg_value, rows FROM tsdb.plant_metric_daily WHERE avg_value > 0',
  ],
};

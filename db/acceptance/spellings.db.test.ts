// The memory of spellings: what is as declared is not printed again, and nothing that differs is ever hidden by it.
import { role } from '../language/access';
import { integer, text } from '../language/columns';
import { desiredFrom } from '../language/desired';
import { sqlFunction } from '../language/function';
import { expression, index, partial } from '../language/indexes';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { table } from '../language/table';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import type { EngineName, Plan } from '../model';
import { applySchema } from '../reconcile/apply';
import { makePlan } from '../reconcile/plan';
import { access } from '../schema/access';
import { withConnection } from '../server/connection';
import { sealed } from '../server/spellings';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { plant } from '../testing/sets';

const TENANT = 'tsdb_test_tenant';

/** One of each kind that the server prints, and each in another spelling than the server's. */
const office = (state = "'new'"): SchemaSet =>
  schemaSet('office', [
    role(TENANT, 'write'),
    sqlFunction('office.scaled', {
      args: 'amount decimal',
      returns: 'decimal',
      volatility: 'immutable',
      body: 'SELECT amount * 100',
    }),
    table('office.account', {
      columns: {
        tenant: text().notNull(),
        name: text(),
        state: text().default(state),
        amount: integer(),
      },
      primaryKey: ['tenant'],
      indexes: [
        index<'amount'>(expression('office.scaled(amount)')),
        partial(index('name'), `state IN ('new', 'open')`),
        index<'name'>(expression('lower(name)')),
      ],
      rowSecurity: [{ name: 'own', command: 'select', to: TENANT, using: `tenant = 'a'||'b'` }],
    }),
  ]);

const ALL = ['aggregate', 'column', 'function', 'index', 'row policy'];

const HELPERS: Readonly<Record<string, string>> = {
  tsdb_canonical: 'aggregate',
  tsdb_canonical_column: 'column',
  tsdb_function_0: 'function',
  tsdb_canonical_indexes: 'index',
  tsdb_canonical_policy: 'row policy',
};

/** A plan, and the kinds of objects that the server printed for it. */
interface Observed {
  readonly plan: Plan;
  readonly printed: readonly string[];
}

const observe = (url: string, sets: readonly SchemaSet[], ...before: readonly string[]): Promise<Observed> =>
  withConnection(url, async (client) => {
    for (const statement of before) await client.query(statement);
    const created = new Set<string>();
    const query = ((...args: Parameters<typeof client.query>) => {
      const made = /FUNCTION pg_temp\.(\w+)/.exec(String(args[0]))?.[1];
      if (made !== undefined && made in HELPERS) created.add(HELPERS[made] as string);
      return client.query(...args);
    }) as typeof client.query;
    const plan = await makePlan({ query }, desiredFrom(sets));
    return { plan, printed: [...created].sort() };
  });

const steps = ({ plan }: Observed): readonly string[] => plan.steps.map(({ id }) => id);

/** A plan in sync, and what it printed. */
const printedInSync = async (url: string, sets: readonly SchemaSet[], ...before: readonly string[]) => {
  const { plan, printed } = await observe(url, sets, ...before);
  expect({ steps: plan.steps, refusals: plan.refusals }).toEqual({ steps: [], refusals: [] });
  return printed;
};

/** A plan with the memory, which must not differ from a plan without it. */
const planBoth = async (url: string, sets: readonly SchemaSet[], ...before: readonly string[]) => {
  const warm = await observe(url, sets, ...before);
  await execute(url, 'DELETE FROM tsdb.spelling');
  const cold = await observe(url, sets, ...before);
  expect(cold.printed).toEqual(ALL);
  expect(warm.plan).toEqual(cold.plan);
  return warm;
};

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

    it('spares a plan in sync all temporary objects, so that it needs no right to create any', async () => {
      expect(await printedInSync(url, sets)).toEqual([]);
      expect(await printedInSync(url, sets, 'SET default_transaction_read_only = on')).toEqual([]);
    });

    it('prints only what the declaration changed', async () => {
      const changed = [plant(), office(`'old'`)];
      const { plan, printed } = await observe(url, changed);
      expect(plan.steps.map(({ id }) => id)).toEqual(['column-default:office.account.state']);
      expect(printed).toEqual(['column']);
      await applySets(url, changed);
      expect(await printedInSync(url, changed)).toEqual([]);
    });

    it('is written by an apply that finds everything as declared, and by no plan', async () => {
      const before = await rows();
      expect(before).toBeGreaterThan(5);
      await execute(url, 'DELETE FROM tsdb.spelling');
      expect(await printedInSync(url, sets)).toEqual(ALL);
      expect(await rows()).toBe(0);
      await execute(url, `ALTER TABLE office.account ALTER COLUMN state SET DEFAULT 'odd'`);
      expect((await planSets(url, sets)).steps).toHaveLength(1);
      expect(await rows()).toBe(0);
      await applySets(url, sets);
      expect(await rows()).toBe(before);
      expect(await printedInSync(url, sets)).toEqual([]);
    });

    it('forgets what is no longer declared, and keeps what other sets declare', async () => {
      const before = await rows();
      await applySets(url, [plant(), office(`'old'`)]);
      expect(await rows()).toBe(before);
      await applySets(url, [plant({ extraIndex: true })]);
      expect(await rows()).toBeGreaterThanOrEqual(before);
      expect(await printedInSync(url, [plant({ extraIndex: true }), office(`'old'`)])).not.toContain(
        'aggregate',
      );
    });

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
        await execute(url, ...AGGREGATE_DRIFT[engine]);
        expect(steps(await planBoth(url, sets))).toContain('swap-aggregates:plant.metric_daily');
      });

      it('the type of a column that an aggregate reads', async () => {
        await execute(url, ...TYPE_DRIFT[engine]);
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

    describe('counts only under the conditions under which the server printed:', () => {
      it.each([
        [
          'an extension of another version',
          [`UPDATE pg_extension SET extversion = extversion || '.1' WHERE extname = 'plpgsql'`],
          ALL,
        ],
        ['a new function', [`CREATE FUNCTION office.other() RETURNS int LANGUAGE sql AS 'SELECT 1'`], ALL],
        [
          'a new operator',
          ['CREATE OPERATOR public.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)'],
          ALL,
        ],
        ['a new type', ['CREATE DOMAIN office.name AS text'], ALL],
        [
          'a column of the source',
          ['ALTER TABLE plant.metric ADD COLUMN note text'],
          ['aggregate', 'index', 'row policy'],
        ],
        ['a new table, which no text reads', ['CREATE TABLE office.note (n int)'], []],
        [
          'search_path and IntervalStyle of the database',
          ['ALTER DATABASE {} SET search_path = office', 'ALTER DATABASE {} SET intervalstyle = postgres'],
          [],
        ],
        ['another setting of the database', ['ALTER DATABASE {} SET quote_all_identifiers = on'], ALL],
      ])('%s', async (_what, statements, printed) => {
        const [name] = await select<{ name: string }>(url, 'SELECT quote_ident(current_database()) AS name');
        await execute(url, ...statements.map((statement) => statement.replace('{}', name?.name ?? '')));
        expect(await printedInSync(url, sets)).toEqual(printed);
        await applySets(url, sets);
        expect(await printedInSync(url, sets)).toEqual([]);
      });

      it.each([
        'SET search_path = office, plant, public, pg_catalog',
        `SET datestyle = 'SQL, DMY'`,
        `SET timezone = 'Asia/Kolkata'`,
        'SET transform_null_equals = on',
      ])('%s', async (setting) => {
        const { printed } = await planBoth(url, sets, setting);
        expect(printed).toEqual(ALL);
      });
    });

    it('counts only with the IntervalStyle with which the server printed', async () => {
      // Offsets of policies cannot be read in another style, and engine postgres reads those of all objects.
      if (engine === 'postgres') await execute(url, 'DELETE FROM tsdb.job');
      expect(await printedInSync(url, [office()], 'SET intervalstyle = postgres')).toEqual(
        ALL.filter((kind) => kind !== 'aggregate'),
      );
    });

    it('is not needed: a database of an earlier version is planned without it, and its update creates it', async () => {
      await execute(
        url,
        'DROP TABLE tsdb.spelling',
        `COMMENT ON SCHEMA tsdb IS 'timescaledb-as-code 0123456789abcdef'`,
      );
      const { plan, printed } = await observe(url, sets);
      expect({ steps: plan.steps.map(({ id }) => id), printed }).toEqual({
        steps: ['internals:tsdb'],
        printed: ALL,
      });
      await applySets(url, sets);
      expect(await printedInSync(url, sets)).toEqual([]);
    });

    it('fails no apply that cannot write it', async () => {
      await execute(
        url,
        'DELETE FROM tsdb.spelling',
        `CREATE FUNCTION office.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$`,
        'CREATE TRIGGER refuse BEFORE INSERT ON tsdb.spelling FOR EACH ROW EXECUTE FUNCTION office.refuse()',
      );
      const notes: string[] = [];
      const options = { allow: [], lockWaitMs: 0, onNote: (text: string) => void notes.push(text) };
      const { applied: done } = await applySchema(url, desiredFrom([plant(), office(`'old'`)]), options);
      expect(done).toEqual(['column-default:office.account.state']);
      expect(notes).toContainEqual(expect.stringMatching(/^how the server prints .* the disk is full$/));
      expect(await printedInSync(url, [plant(), office(`'old'`)])).toEqual(ALL);
    });

    it('is not needed by a role that may not read it', async () => {
      await applySets(url, [...sets, access]);
      const monitoring = 'SET ROLE tsdb_monitor';
      expect(await printedInSync(url, [...sets, access], monitoring)).toEqual([]);
      await execute(url, 'REVOKE SELECT ON tsdb.spelling FROM tsdb_monitor');
      const { plan, printed } = await observe(url, [...sets, access], monitoring);
      expect({ steps: plan.steps.map(({ id }) => id), printed }).toEqual({
        steps: ['grant:tsdb_monitor'],
        printed: ALL,
      });
    });
  },
);

const TYPE_DRIFT: Readonly<Record<EngineName, readonly string[]>> = {
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

const AGGREGATE_DRIFT: Readonly<Record<EngineName, readonly string[]>> = {
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

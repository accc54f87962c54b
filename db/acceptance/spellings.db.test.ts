// The memory of spellings: what is as declared is not printed again, and it counts only under the same conditions.
import { desiredFrom } from '../language/desired';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { applySchema } from '../reconcile/apply';
import { access } from '../schema/access';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { plant } from '../testing/sets';
import { ALL, observe, office, planBoth, printedInSync } from '../testing/spellings';

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
      // Offsets of policies cannot be read in another style, and a plan reads those of all objects.
      await execute(
        url,
        engine !== 'timescaledb'
          ? 'DELETE FROM tsdb.job'
          : 'SELECT public.delete_job(job_id) FROM timescaledb_information.jobs WHERE job_id >= 1000',
      );
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

// What roles may do with the emulation of engine `postgres`: see its state, and have chunks made, but nothing else with it.
import { createTestDatabase, describeOn, type TestDatabase } from '../local/test-servers';
import { access } from '../schema/access';
import { withConnection } from '../server/connection';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { plant } from '../testing/sets';

const DENIED = '42501';
const NO_SUCH_TABLE = 'P0002';
const BAD_RANGE = '22023';
const TOO_MANY = '54000';

describeOn('postgres', 'roles and the emulation', (server) => {
  let database: TestDatabase;
  const sets = [plant({ realTime: true }), access];

  beforeAll(async () => {
    database = await createTestDatabase(server, applied(sets));
  });
  afterAll(() => database.drop());

  /** The SQLSTATE that a role gets for the last statement, or `ok`. */
  const as = (role: string, ...statements: readonly string[]): Promise<string> =>
    withConnection(database.url, async (db) => {
      await db.query(`SET ROLE ${role}`);
      try {
        for (const sql of statements) await db.query(sql);
        return 'ok';
      } catch (error) {
        return (error as { code: string }).code;
      }
    });

  const ensure = (table: string, from: string, to = from): string =>
    `SELECT tsdb.ensure_chunks('plant', '${table}', '${from}', '${to}')`;
  const ranges = () =>
    select<{ from: string; to: string }>(
      database.url,
      `SELECT range_start::text AS from, range_end::text AS to FROM tsdb.chunk
        WHERE range_start BETWEEN '2030-01-01' AND '2030-12-31' ORDER BY 1`,
    );

  it.each([
    ['tsdb_reader', 'SELECT * FROM tsdb.hypertable', 'ok'],
    ['tsdb_reader', 'SELECT * FROM tsdb.chunk', 'ok'],
    ['tsdb_reader', 'SELECT * FROM tsdb.continuous_aggregate', 'ok'],
    ['tsdb_reader', 'SELECT * FROM tsdb.job', 'ok'],
    ['tsdb_reader', 'SELECT * FROM tsdb.paused_job', DENIED],
    ['tsdb_reader', 'SELECT * FROM tsdb.import', DENIED],
    ['tsdb_reader', "UPDATE tsdb.continuous_aggregate SET watermark = 'infinity'", DENIED],
    ['tsdb_reader', 'CREATE TABLE tsdb.mine ()', DENIED],
    ['tsdb_reader', ensure('metric', '2031-01-01Z'), DENIED],
    ['tsdb_monitor', ensure('metric', '2031-01-01Z'), DENIED],
    ['tsdb_writer', 'SELECT * FROM tsdb.chunk', 'ok'],
    ['tsdb_writer', 'DELETE FROM tsdb.hypertable', DENIED],
    ['tsdb_writer', "INSERT INTO tsdb.hypertable VALUES ('pg_catalog', 'pg_authid', 'x', '1 day')", DENIED],
    ['tsdb_writer', 'CREATE TABLE tsdb.mine ()', DENIED],
    ['tsdb_writer', "SELECT tsdb.drop_expired('plant', 'metric', now())", DENIED],
    ['tsdb_writer', "CALL public.refresh_continuous_aggregate('plant.metric_hourly', NULL, NULL)", DENIED],
    // Names are looked up, never run.
    ['tsdb_writer', ensure('nothing', '2031-01-01Z'), NO_SUCH_TABLE],
    ['tsdb_writer', ensure("metric''; DROP TABLE plant.metric; --", '2031-01-01Z'), NO_SUCH_TABLE],
    ['tsdb_writer', "SELECT tsdb.ensure_chunks('pg_catalog', 'pg_class', now(), now())", NO_SUCH_TABLE],
    // Ranges without end, and such as would make chunks for minutes.
    ['tsdb_writer', ensure('metric', '-infinity', '2031-01-01Z'), BAD_RANGE],
    ['tsdb_writer', ensure('metric', '2031-01-01Z', 'infinity'), BAD_RANGE],
    ['tsdb_writer', "SELECT tsdb.ensure_chunks('plant', 'metric', NULL, now())", BAD_RANGE],
    ['tsdb_writer', ensure('metric', '0001-01-01Z', '9999-01-01Z'), TOO_MANY],
  ])('%s: %s → %s', async (role, sql, outcome) => {
    expect(await as(role, sql)).toBe(outcome);
  });

  it('chunks are the same whatever the session of the writer has set', async () => {
    const odd = [
      "SET timezone = 'Asia/Kolkata'",
      "SET datestyle = 'Postgres, DMY'",
      "SET intervalstyle = 'iso_8601'",
      'CREATE TEMPORARY TABLE hypertable (schema_name text, table_name text)',
      'SET search_path = pg_temp, public, pg_catalog',
    ];
    const days = ['2030-03-04 12:00Z', '2030-03-05 12:00Z'];
    expect(await as('tsdb_writer', ...odd, ...days.map((day) => ensure('metric', day)))).toBe('ok');
    expect(await ranges()).toEqual([
      { from: '2030-03-04 00:00:00+00', to: '2030-03-05 00:00:00+00' },
      { from: '2030-03-05 00:00:00+00', to: '2030-03-06 00:00:00+00' },
    ]);
    // They belong to the owner of the table, who drops them in time.
    const owners = await select(
      database.url,
      `SELECT DISTINCT pg_get_userbyid(relowner) = current_user AS mine FROM pg_class WHERE oid IN (SELECT chunk FROM tsdb.chunk)`,
    );
    expect(owners).toEqual([{ mine: true }]);
    expect(await as('tsdb_writer', "INSERT INTO plant.metric VALUES ('2030-03-04 13:00Z', 'a', 1)")).toBe(
      'ok',
    );
    expect(await as('tsdb_reader', 'SELECT * FROM plant.metric')).toBe('ok');
  });

  it('the function with the rights of its owner pins whatever the caller could turn against it', async () => {
    const [made] = await select(
      database.url,
      `SELECT prosecdef AS definer, proconfig AS pinned FROM pg_proc WHERE oid = 'tsdb.ensure_chunks'::regproc`,
    );
    expect(made).toEqual({
      definer: true,
      pinned: [
        'search_path=pg_catalog, pg_temp',
        'TimeZone=UTC',
        'DateStyle=ISO, YMD',
        'IntervalStyle=postgres',
      ],
    });
  });

  it('grants changed by hand are repaired, and plans are empty afterwards', async () => {
    expect((await planSets(database.url, sets)).steps).toEqual([]);
    await execute(
      database.url,
      'GRANT EXECUTE ON FUNCTION tsdb.ensure_chunks TO tsdb_reader',
      'REVOKE EXECUTE ON FUNCTION tsdb.ensure_chunks FROM tsdb_writer',
      'GRANT DELETE ON tsdb.job TO tsdb_reader',
      'REVOKE SELECT ON tsdb.chunk FROM tsdb_reader',
    );
    expect((await planSets(database.url, sets)).steps.map(({ id }) => id)).toEqual([
      'grant:tsdb_reader',
      'revoke:tsdb_reader',
      'grant:tsdb_writer',
    ]);
    await applySets(database.url, sets);
    expect((await planSets(database.url, sets)).steps).toEqual([]);
    expect(await as('tsdb_reader', ensure('metric', '2031-01-01Z'))).toBe(DENIED);
    expect(await as('tsdb_writer', ensure('metric', '2031-01-01Z'))).toBe('ok');
  });
});

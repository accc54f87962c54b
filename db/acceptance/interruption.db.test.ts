// Applies that are killed, that meet each other, or that wait for a lock: the database ends in sync and keeps its rows.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { withConnection, withReconcilerLock } from '../connection';
import { schemaSet } from '../define';
import { createTestDatabase, testServers } from '../local/test-servers';
import type { EngineName } from '../model';
import { applySets, execute, planSets, select } from '../testing/apply';
import { readCatalog } from '../testing/catalog';
import { metricTable, plant } from '../testing/sets';

const ROWS = 2_000;
// Every fifth statement: a step has about six (begin, settings, statements, journal, commit), so each kind is hit in some step.
const STRIDE = 5;

const STORED_ROWS: Readonly<Record<EngineName, string>> = {
  timescaledb: `SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS name
                  FROM timescaledb_information.continuous_aggregates WHERE view_name = 'metric_daily'`,
  postgres: `SELECT format('tsdb.%I', materialization) AS name FROM tsdb.continuous_aggregate WHERE view_name = 'metric_daily'`,
};

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  /** A database with the table of `plant` and rows in it, and no aggregates yet. */
  async function databaseWithRows(): Promise<{ url: string; drop(): Promise<void> }> {
    const database = await createTestDatabase(server);
    await applySets(database.url, [schemaSet('plant', [metricTable()])]);
    if (engine === 'postgres')
      await execute(
        database.url,
        `SELECT tsdb.ensure_chunks('plant', 'metric', now() - interval '20 days', now())`,
      );
    await execute(
      database.url,
      `INSERT INTO plant.metric SELECT now() - n * interval '14 minutes', 'device ' || n % 3, n FROM generate_series(1, ${ROWS}) n`,
    );
    return database;
  }

  /** Rows that the daily aggregate has stored: all but those of the unfinished day. */
  async function storedRows(url: string): Promise<number> {
    const [table] = await select<{ name: string }>(url, STORED_ROWS[engine]);
    const [sum] = await select<{ rows: number }>(url, `SELECT sum(rows)::int AS rows FROM ${table?.name}`);
    return sum?.rows ?? 0;
  }

  it('ends in sync after SIGKILL at any statement, with every row and the whole history', async () => {
    const reference = await databaseWithRows();
    await applySets(reference.url, [plant()]);
    const catalog = await readCatalog(reference.url, engine);
    let kills = 0;
    for (let deadly = 1; ; deadly += STRIDE) {
      const database = await databaseWithRows();
      const killed = (await applyAndDie(database.url, deadly)) === 'SIGKILL';
      const { applied } = await applySets(database.url, [plant()]);
      expect((await planSets(database.url, [plant()])).steps).toEqual([]);
      expect(await readCatalog(database.url, engine)).toEqual(catalog);
      expect(await select(database.url, 'SELECT count(*)::int AS rows FROM plant.metric')).toEqual([
        { rows: ROWS },
      ]);
      expect(await select(database.url, 'SELECT FROM tsdb.pending_refresh')).toEqual([]);
      expect(await storedRows(database.url)).toBe(await storedRows(reference.url));
      await database.drop();
      if (!killed) {
        expect(applied).toEqual([]);
        break;
      }
      kills += 1;
    }
    await reference.drop();
    expect(kills).toBeGreaterThan(10);
  }, 300_000);

  it('lets two applies at once take turns', async () => {
    const database = await databaseWithRows();
    const reports = await Promise.all([
      applySets(database.url, [plant()]),
      applySets(database.url, [plant()]),
    ]);
    expect(reports.map(({ applied }) => applied.length).sort((a, b) => a - b)[0]).toBe(0);
    expect((await planSets(database.url, [plant()])).steps).toEqual([]);
    await database.drop();
  });

  it('refuses after the wait when another session holds the lock, and names it', async () => {
    const database = await databaseWithRows();
    await withConnection(database.url, (db) =>
      withReconcilerLock(db, 0, async () => {
        const waiting = withConnection(database.url, (other) =>
          withReconcilerLock(other, 300, async () => 'taken'),
        );
        await expect(waiting).rejects.toMatchObject({
          exitCode: 3,
          message: expect.stringMatching(/another apply holds the lock.*process \d+/),
        });
      }),
    );
    await expect(
      withConnection(database.url, (db) => withReconcilerLock(db, 0, async () => 'free')),
    ).resolves.toBe('free');
    await database.drop();
  });

  it('rolls a failing step back and goes on from there', async () => {
    const database = await databaseWithRows();
    await execute(
      database.url,
      `CREATE FUNCTION plant.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.step LIKE 'create-index%' THEN RAISE EXCEPTION 'no indexes today'; END IF; RETURN NEW; END $$`,
      'CREATE TRIGGER refuse BEFORE INSERT ON tsdb.journal FOR EACH ROW EXECUTE FUNCTION plant.refuse()',
    );
    await expect(
      applySets(database.url, [plant({ extraIndex: true })], ['blocks-writes']),
    ).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/create-index:plant.metric\(value\) failed: no indexes today/),
    });
    await execute(database.url, 'DROP TRIGGER refuse ON tsdb.journal');
    await applySets(database.url, [plant({ extraIndex: true })], ['blocks-writes']);
    expect((await planSets(database.url, [plant({ extraIndex: true })])).steps).toEqual([]);
    await database.drop();
  });
});

function applyAndDie(url: string, deadly: number): Promise<NodeJS.Signals | null> {
  return new Promise((done, fail) => {
    const script = join(__dirname, '..', 'testing', 'die-while-applying.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, url, String(deadly)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    child.on('error', fail);
    child.on('exit', (code, signal) =>
      code === 0 || signal === 'SIGKILL'
        ? done(signal)
        : fail(new Error(`child ended with ${code}: ${complaint}`)),
    );
  });
}

// A restore that is stopped, fails or is killed: nothing is left under the asked name, nothing goes on, and the next one cleans up.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withClient } from '../../db/local/server-facts';
import { createTestDatabase } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { execute, select } from '../../db/testing/apply';
import { processesOf, type Running, startTsdb } from '../testing/command-line';
import { programFolder } from '../testing/dump-servers';
import { describeDumps, fakePrograms, type Plant, SEEDED, startPlant } from '../testing/plant';
import type { BackupReport } from './backup';
import type { RestoreReport } from './restore';

describeDumps('a restore', (engine) => {
  let plant: Plant;
  let dump: string;
  beforeAll(async () => {
    plant = await startPlant(engine);
    const { stdout } = await plant.run('backup', '--out', join(plant.place, 'backups'), '--json');
    dump = (JSON.parse(stdout) as BackupReport).dump;
  });
  afterAll(() => plant.stop());

  const start = (name: string, programs: string): Running =>
    startTsdb(['restore', dump, '--into', name, '--yes'], { env: { ...plant.env, TSDB_PG_BIN: programs } });
  const draftOf = (name: string): string => `${name}__restoring`;
  const draftIsThere = (name: string): Promise<boolean> =>
    waitFor('the draft', () => plant.exists(draftOf(name)));

  /** Restores once more, which removes what the killed one left, and gives every row. */
  async function restoresAfterwards(name: string): Promise<void> {
    const { code, stdout, stderr } = await plant.run('restore', dump, '--into', name, '--yes', '--json');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(
        `database ${draftOf(name)}, which an interrupted restore left, is removed\n`,
      ),
    });
    expect((JSON.parse(stdout) as RestoreReport).rows).toContainEqual({
      name: 'public.sensor_data',
      expected: SEEDED.readings,
      restored: SEEDED.readings,
    });
    expect(await plant.exists(draftOf(name))).toBe(false);
    expect(await select(plant.at(name), READINGS)).toEqual([{ rows: SEEDED.readings }]);
  }

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    'that is stopped by %s leaves neither database',
    async (signal) => {
      const programs = fakePrograms(plant.place, `slow-${signal}`, { pg_restore: 'exec sleep 60' });
      const name = plant.newName();
      const restoring = start(name, programs);
      await draftIsThere(name);
      restoring.process.kill(signal);
      expect(await restoring.finished).toMatchObject({ code: 130 });
      expect([await plant.exists(name), await plant.exists(draftOf(name))]).toEqual([false, false]);
    },
  );

  it('that fails leaves an empty database as it was', async () => {
    const empty = await createTestDatabase(plant.server);
    const name = new URL(empty.url).pathname.slice(1);
    const failing = fakePrograms(plant.place, 'failing', { pg_restore: 'echo no luck >&2; exit 1' });
    const there = { DATABASE_URL: empty.url };
    const before = await select(plant.server.url, PROPERTIES, [name]);
    const failed = await plant.runWith({ ...there, TSDB_PG_BIN: failing }, 'restore', dump, '--yes');
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/no luck/) });
    expect(await plant.exists(draftOf(name))).toBe(false);
    expect(await select(plant.server.url, PROPERTIES, [name])).toEqual(before);
    expect(await select(empty.url, TABLES)).toEqual([]);
    await empty.drop();
  });

  it('replaces an empty database, which hands down its owner, settings and privileges', async () => {
    const empty = await createTestDatabase(plant.server);
    const name = new URL(empty.url).pathname.slice(1);
    const role = `${name}_role`;
    await execute(
      plant.server.url,
      `CREATE ROLE ${role}`,
      `ALTER DATABASE ${name} SET search_path = "$user", public, "Odd,Name"`,
      `ALTER DATABASE ${name} SET application_name = 'it''s "quoted"'`,
      `ALTER ROLE ${role} IN DATABASE ${name} SET work_mem = '7MB'`,
      `ALTER DATABASE ${name} CONNECTION LIMIT 77`,
      `COMMENT ON DATABASE ${name} IS 'of the operator''s'`,
      `REVOKE ALL ON DATABASE ${name} FROM PUBLIC`,
      `GRANT CONNECT ON DATABASE ${name} TO ${role} WITH GRANT OPTION`,
    );
    const before = await select(plant.server.url, PROPERTIES, [name]);
    expect(before).toHaveLength(1);
    const restored = await plant.runWith({ DATABASE_URL: empty.url }, 'restore', dump, '--yes');
    expect(restored).toMatchObject({ code: 0 });
    expect(await select(plant.server.url, PROPERTIES, [name])).toEqual(before);
    expect(await select(empty.url, READINGS)).toEqual([{ rows: SEEDED.readings }]);
    expect(
      await select(plant.server.url, `SELECT FROM pg_database WHERE starts_with(datname, $1)`, [`${name}__`]),
    ).toEqual([]);
    await empty.drop();
    await execute(plant.server.url, `DROP ROLE ${role}`);
  });

  it('keeps what was written to the empty database while the backup was loaded', async () => {
    const empty = await createTestDatabase(plant.server);
    const name = new URL(empty.url).pathname.slice(1);
    const go = join(plant.place, 'go-meanwhile');
    const programs = fakePrograms(plant.place, 'meanwhile', {
      pg_restore: `until [ -e '${go}' ]; do sleep 0.05; done; exec '${programFolder}/pg_restore' "$@"`,
    });
    const restoring = start(name, programs);
    await draftIsThere(name);
    await execute(empty.url, 'CREATE TABLE public.meanwhile AS SELECT 42 AS answer');
    writeFileSync(go, '');
    const { code, stderr } = await restoring.finished;
    expect(code).toBe(0);
    const [, kept = ''] =
      /was empty when the restore began; what was written to it since, public\.meanwhile, is in database (\S+)\n/.exec(
        stderr,
      ) ?? [];
    expect(await select(plant.at(kept), 'SELECT answer FROM public.meanwhile')).toEqual([{ answer: 42 }]);
    expect(await select(empty.url, READINGS)).toEqual([{ rows: SEEDED.readings }]);
    await empty.drop();
    await execute(plant.server.url, `DROP DATABASE ${kept} WITH (FORCE)`);
  });

  it('refuses a name without room for the temporary one, before anything is made', async () => {
    const name = 'n'.repeat(53);
    expect(await plant.run('restore', dump, '--into', name, '--yes')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('is too long, because a restore needs room for __restoring behind it'),
    });
  });

  it('that is killed while pg_restore writes takes pg_restore with it', async () => {
    const name = plant.newName();
    const go = join(plant.place, `go-${engine}`);
    const programs = fakePrograms(plant.place, 'held', {
      pg_restore: `until [ -e '${go}' ]; do sleep 0.05; done; exec '${programFolder}/pg_restore' "$@"`,
    });
    const restoring = start(name, programs);
    await draftIsThere(name);
    const ofRestore = () => processesOf(`dbname='${draftOf(name)}'`);
    await waitFor('pg_restore', () => ofRestore().length === 1);
    await withClient(plant.at(draftOf(name)), async (holder) => {
      // Nothing can be created until this ends, so pg_restore is in the middle of its work.
      await holder.query('BEGIN; LOCK TABLE pg_catalog.pg_class IN SHARE ROW EXCLUSIVE MODE');
      writeFileSync(go, '');
      const waits = `SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'`;
      await waitFor(
        'pg_restore in the middle',
        async () => (await select(plant.server.url, waits, [draftOf(name)])).length > 0,
      );
      restoring.process.kill('SIGKILL');
      await restoring.finished;
      await waitFor('the end of pg_restore', () => ofRestore().length === 0);
      await holder.query('ROLLBACK');
    });
    expect([await plant.exists(name), await plant.exists(draftOf(name))]).toEqual([false, true]);
    await restoresAfterwards(name);
  });

  it('that is killed after pg_restore has ended is not taken for a complete one', async () => {
    const name = plant.newName();
    const ended = join(plant.place, 'ended');
    const programs = fakePrograms(plant.place, 'ended', {
      pg_restore: `'${programFolder}/pg_restore' "$@" && echo >'${ended}' && exec sleep 60`,
    });
    const restoring = start(name, programs);
    await waitFor('the end of pg_restore', () => existsSync(ended));
    restoring.process.kill('SIGKILL');
    await restoring.finished;
    expect([await plant.exists(name), await plant.exists(draftOf(name))]).toEqual([false, true]);
    // Only TimescaleDB has a mode that tells a database that is not whole; elsewhere its name and its comment tell it.
    if (engine === 'timescaledb')
      expect(await plant.runWith({ DATABASE_URL: plant.at(draftOf(name)) }, 'plan')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining(`database ${draftOf(name)} is in restoring mode`),
      });
    await restoresAfterwards(name);
  });

  it('refuses a second one into the same name, and a temporary name that is taken', async () => {
    const name = plant.newName();
    const programs = fakePrograms(plant.place, 'first', { pg_restore: 'exec sleep 60' });
    const first = start(name, programs);
    await draftIsThere(name);
    expect(await plant.run('restore', dump, '--into', name, '--yes')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(
        `nothing was changed: another restore into database ${name} is running`,
      ),
    });
    expect(await plant.exists(draftOf(name))).toBe(true);
    first.process.kill('SIGTERM');
    await first.finished;

    await execute(plant.server.url, `CREATE DATABASE ${draftOf(name)} TEMPLATE template0`);
    await execute(plant.at(draftOf(name)), 'CREATE TABLE public.mine AS SELECT 42 AS answer');
    expect(await plant.run('restore', dump, '--into', name, '--yes')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(
        `a restore first fills database ${draftOf(name)}, which exists already and has public.mine; rename or drop it, or choose another name with --into NAME`,
      ),
    });
    expect(await select(plant.at(draftOf(name)), 'SELECT answer FROM public.mine')).toEqual([{ answer: 42 }]);
    await execute(plant.server.url, `DROP DATABASE ${draftOf(name)} WITH (FORCE)`);
  });
});

const READINGS = 'SELECT count(*)::int AS rows FROM public.sensor_data';

const TABLES = `SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'`;

const PROPERTIES = `SELECT datdba, datallowconn, datconnlimit, datistemplate, datacl::text AS privileges, encoding, datcollate,
    shobj_description(d.oid, 'pg_database') AS comment,
    (SELECT json_agg(json_build_array(setrole, setting) ORDER BY setrole, setting) FROM pg_db_role_setting, unnest(setconfig) setting WHERE setdatabase = d.oid) AS settings
  FROM pg_database d WHERE datname = $1`;

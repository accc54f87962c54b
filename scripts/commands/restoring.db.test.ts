// A database that a killed restore left in TimescaleDB's restoring mode: every command refuses it and names the way out.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withClient } from '../../db/local/server-facts';
import { createTestDatabase, describeOn, type TestDatabase } from '../../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { iot } from '../../db/schema/iot';
import { service } from '../../db/schema/service';
import { restoringReason } from '../../db/server/restoring';
import { applied, execute, select } from '../../db/testing/apply';
import { type CommandHost, startHost } from '../testing/command-host';
import { programFolder } from '../testing/dump-servers';

const ROWS = 3 * 10 * 48;
const COUNT = 'SELECT count(*)::int AS rows FROM public.sensor_data';

describeOn('timescaledb', 'a database in restoring mode', (server) => {
  let database: TestDatabase;
  let place: string;
  let host: CommandHost;
  let env: Record<string, string>;
  beforeAll(async () => {
    place = temporaryFolder();
    database = await createTestDatabase(server, applied([iot, service], 'retention'));
    env = { DATABASE_URL: database.url, ...(programFolder ? { TSDB_PG_BIN: programFolder } : {}) };
    host = startHost();
    const seed = ['seed', '--days', '10', '--sensors', '3', '--interval', '1800', '--gaps', '0'];
    expect(await host.run(seed, env)).toMatchObject({ code: 0 });
    await execute(database.url, COMPRESS);
    // What a restore does first, and what is left of it when it is killed at any time after that.
    await withClient(database.url, (db) => db.query('SELECT public.timescaledb_pre_restore()'));
  });
  afterAll(async () => {
    await host.stop();
    await database.drop();
    removeFolder(place);
  });

  it('hides rows, and loses those that are written', async () => {
    const shown = await withClient(database.url, async (db) => {
      await db.query(
        `INSERT INTO public.sensor_data (time, sensor_id, temperature) VALUES (now(), 'lost', 1)`,
      );
      return (await db.query<{ rows: number }>(COUNT)).rows[0]?.rows ?? ROWS;
    });
    expect(shown).toBeLessThan(ROWS);
  });

  const file = 'readings.csv';
  const commands: readonly (readonly string[])[] = [
    ['plan', '--detailed-exitcode'],
    ['apply', '--yes'],
    ['status'],
    ['jobs', 'run'],
    ['refresh'],
    ['compress'],
    ['decompress', 'sensor_data', '--from', '2020-01-01', '--to', '2030-01-01'],
    ['advise'],
    ['import', file, '--table', 'sensor_data'],
    ['export', 'sensor_data', '--out', '-', '--format', 'csv'],
    ['seed', '--days', '1'],
    ['backup', '--out', 'backups'],
    ['keys', 'create', '--name', 'me', '--role', 'read'],
    ['up', '--once', '--port', '0'],
  ];

  it.each(commands.map((args) => [args.slice(0, 2).join(' '), args] as const))(
    'is refused by %s',
    async (_, args) => {
      writeFileSync(join(place, file), 'time,sensor_id,temperature\n2026-11-01T00:00:00Z,late,1\n');
      const located = args.map((arg) => (arg === file || arg === 'backups' ? join(place, arg) : arg));
      const { code, stdout, stderr } = await host.run(located, env);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      const name = new URL(database.url).pathname.slice(1);
      expect(stderr.split('\n')).toContain(`error: ${restoringReason(name)}`);
      expect(stderr).toContain('run "SELECT timescaledb_post_restore()" in it');
    },
  );

  it('is as before, without the rows that were written, once the mode is ended', async () => {
    await withClient(database.url, (db) => db.query('SELECT public.timescaledb_post_restore()'));
    expect(await select(database.url, COUNT)).toEqual([{ rows: ROWS }]);
    expect(await select(database.url, `SELECT FROM public.sensor_data WHERE sensor_id = 'lost'`)).toEqual([]);
    expect(await host.run(['plan', '--detailed-exitcode'], env)).toMatchObject({ code: 0 });
    expect(await host.run(['refresh'], env)).toMatchObject({ code: 0 });
  });

  it('is told also by the setting of one login, whatever its spelling', async () => {
    await execute(
      database.url,
      `ALTER ROLE postgres IN DATABASE ${ident()} SET timescaledb.restoring = TRUE`,
    );
    const refused = await host.run(['plan'], env);
    await withClient(server.url, (db) =>
      db.query(`ALTER ROLE postgres IN DATABASE ${ident()} RESET timescaledb.restoring`),
    );
    expect(refused).toMatchObject({ code: 3 });
    expect(await host.run(['plan'], env)).toMatchObject({ code: 0 });
  });

  const ident = (): string => new URL(database.url).pathname.slice(1);
});

const COMPRESS = `SELECT public.compress_chunk(c)
  FROM public.show_chunks('public.sensor_data', older_than => interval '3 days') c`;

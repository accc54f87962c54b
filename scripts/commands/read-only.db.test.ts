// The commands on a server that takes no writes: those that only read work, the others say why they cannot and what to do.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedBinaries, findTimescaleBinaries } from '../../db/local/binaries';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { type ServerPair, startPair } from '../../db/local/testing/standby';
import { waitFor } from '../../db/local/testing/wait';
import { iot } from '../../db/schema/iot';
import { service } from '../../db/schema/service';
import { applied, execute, select } from '../../db/testing/apply';
import { majorOf } from '../backup/programs';
import { type CommandHost, startHost } from '../testing/command-host';
import { programFolder, programMajor } from '../testing/dump-servers';

const timescale = findTimescaleBinaries(process.env);
const flavours = timescale === undefined ? [embeddedBinaries()] : [embeddedBinaries(), timescale];

const ROWS = 2 * 10 * 24;
const SEED = ['seed', '--days', '10', '--sensors', '2', '--interval', '3600', '--gaps', '0'];
const COUNT = 'SELECT count(*)::int AS rows FROM public.sensor_data';
const readingsFile = (place: string): string => {
  const file = join(place, 'readings.csv');
  writeFileSync(file, `time,sensor_id,temperature\n${new Date().toISOString()},late,1\n`);
  return file;
};

describe.each(flavours)('on a hot standby of $flavour', (binaries) => {
  let pair: ServerPair;
  let place: string;
  let host: CommandHost;
  const run = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    host.run(args, { DATABASE_URL: pair.standby.url, TSDB_PG_BIN: programFolder ?? '', ...more });
  beforeAll(async () => {
    place = temporaryFolder();
    host = startHost();
    pair = await startPair(binaries, async (url) => {
      await applied([iot, service], 'retention').build(url);
      expect(await host.run(SEED, { DATABASE_URL: url })).toMatchObject({ code: 0 });
    });
    await waitFor(
      'the rows',
      async () => (await select<{ rows: number }>(pair.standby.url, COUNT))[0]?.rows === ROWS,
    );
  });
  afterAll(async () => {
    await host.stop();
    await pair.stop();
    removeFolder(place);
  });

  const refused: readonly (readonly string[])[] = [
    ['apply', '--yes'],
    ['refresh', '--force'],
    ['seed', '--days', '1'],
    ['keys', 'create', '--name', 'me', '--role', 'read'],
    ['import', 'readings.csv', '--table', 'sensor_data'],
    ...(binaries.flavour === 'postgres'
      ? [['jobs', 'run']]
      : [['compress', 'sensor_data', '--older-than', '1 day']]),
  ];
  const expectRefusal = async (args: readonly string[]): Promise<void> => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr.split('\n').filter((line) => line.startsWith('error:'))).toEqual([
      expect.stringMatching(
        /^error: the server is a hot standby, which takes no writes; use the address of its primary server \(cannot .*\)$/,
      ),
    ]);
  };
  it.each(refused.map((args) => [args.slice(0, 2).join(' '), args] as const))(
    '%s points to the primary',
    async (_, args) => {
      await expectRefusal(args.map((arg) => (arg === 'readings.csv' ? readingsFile(place) : arg)));
      expect(await select(pair.primary.url, COUNT)).toEqual([{ rows: ROWS }]);
    },
  );

  it('plan and status read, as long as the server need not print what is declared', async () => {
    expect(await run(['plan'])).toMatchObject({ code: 0, stdout: expect.stringContaining('In sync') });
    expect((await run(['status'])).stdout).toContain('schema: in sync');
    await execute(pair.primary.url, 'DELETE FROM tsdb.spelling');
    await waitFor(
      'the deletion',
      async () => (await select(pair.standby.url, 'SELECT FROM tsdb.spelling')).length === 0,
    );
    for (const command of ['plan', 'status']) await expectRefusal([command]);
  });

  it('export reads', async () => {
    const { code, stdout } = await run(['export', 'sensor_data', '--out', '-', '--format', 'csv']);
    expect({ code, lines: stdout.trimEnd().split('\n').length }).toEqual({ code: 0, lines: ROWS + 1 });
  });

  // npm's embedded server comes without pg_dump, and may be newer than the installed one.
  if (programFolder !== undefined && programMajor >= majorOf(binaries.version))
    it('backup reads, and restore points to the primary', async () => {
      const { code, stdout } = await run(['backup', '--out', join(place, 'backups'), '--json']);
      expect(code).toBe(0);
      const { dump, manifest } = JSON.parse(stdout);
      expect(manifest.rows['public.sensor_data']).toBe(ROWS);
      expect(await run(['restore', dump, '--into', 'restored', '--yes'])).toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringMatching(/error: the server is a hot standby/),
      });
    });
});

describe.each(testServers())('with default_transaction_read_only on $describe', (server) => {
  let database: TestDatabase;
  let place: string;
  let host: CommandHost;
  const run = (...args: readonly string[]) => host.run(args, { DATABASE_URL: database.url });
  const name = (): string => new URL(database.url).pathname.slice(1);
  beforeAll(async () => {
    place = temporaryFolder();
    host = startHost();
    database = await createTestDatabase(server, applied([iot, service], 'retention'));
    expect(await run(...SEED)).toMatchObject({ code: 0 });
    await execute(server.url, `ALTER DATABASE ${name()} SET default_transaction_read_only = on`);
  });
  afterAll(async () => {
    await host.stop();
    await database.drop();
    removeFolder(place);
  });

  it('plan and status work', async () => {
    expect(await run('plan', '--detailed-exitcode')).toMatchObject({ code: 0 });
    const { stdout } = await run('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ inSync: true });
  });

  it('what writes says why it cannot', async () => {
    for (const args of [
      ['apply', '--yes'],
      ['refresh', '--force'],
      ['seed', '--days', '1'],
      ['import', readingsFile(place), '--table', 'sensor_data'],
      ['keys', 'create', '--name', 'me', '--role', 'read'],
    ])
      expect([args[0], await run(...args)]).toEqual([
        args[0],
        expect.objectContaining({
          code: 3,
          stdout: '',
          stderr: expect.stringMatching(
            /error: the server takes no writes because default_transaction_read_only is on; use another server, or ask its operator to set it to off \(cannot .*\)\n$/,
          ),
        }),
      ]);
    expect(await select(database.url, COUNT)).toEqual([{ rows: ROWS }]);
  });
});

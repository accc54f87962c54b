// Publications with hypertables: what they do to a subscriber, and the warning of it.
import { readFileSync } from 'node:fs';
import { schemaSet } from '../language/schema-set';
import { embeddedBinaries, findTimescaleBinaries } from '../local/binaries';
import { type Cluster, startCluster } from '../local/cluster';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { removeFolder, temporaryFolder } from '../local/testing/places';
import { waitFor } from '../local/testing/wait';
import { applied, applySets, execute, planSets } from '../testing/apply';
import { metricTable } from '../testing/sets';

const set = schemaSet('plant', [metricTable()]);
const ROW = `INSERT INTO plant.metric VALUES ('2026-01-01', 'd', 1)`;
const REASON =
  /contains chunks of plant\.metric: .*names of chunks, which the subscriber does not have.*tsdb.* move/;

describe.each(testServers())('publications on $describe', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(server, applied([set], 'all jobs'));
    const chunk =
      server.engine === 'timescaledb'
        ? []
        : [`SELECT tsdb.ensure_chunks('plant', 'metric', '2026-01-01', '2026-01-01')`];
    await execute(database.url, ...chunk, ROW, 'CREATE TABLE plant.other (id int PRIMARY KEY)');
  });
  afterAll(() => database.drop());

  const warnings = async (): Promise<readonly string[]> =>
    (await planSets(database.url, [set])).warnings.filter((warning) => warning.startsWith('publication '));

  it.each(['FOR TABLE plant.metric', 'FOR TABLES IN SCHEMA plant', 'FOR ALL TABLES'])(
    '%s are warned of',
    async (what) => {
      await execute(database.url, `CREATE PUBLICATION out ${what}`);
      const found = await warnings();
      await execute(database.url, 'DROP PUBLICATION out');
      expect(found).toEqual([expect.stringMatching(REASON)]);
      expect(await warnings()).toEqual([]);
    },
  );

  it('of other tables are not warned of', async () => {
    await execute(database.url, 'CREATE PUBLICATION out FOR TABLE plant.other');
    expect(await warnings()).toEqual([]);
    await execute(database.url, 'DROP PUBLICATION out');
  });
});

const timescale = findTimescaleBinaries(process.env);
const flavours = timescale === undefined ? [embeddedBinaries()] : [embeddedBinaries(), timescale];

describe.each(flavours)('a subscriber of $flavour', (binaries) => {
  let folders: readonly string[] = [];
  let servers: readonly Cluster[] = [];
  beforeAll(async () => {
    folders = [temporaryFolder(), temporaryFolder()];
    servers = await Promise.all(
      folders.map((folder) =>
        startCluster({ binaries, folder, durable: false, settings: { wal_level: 'logical' } }),
      ),
    );
    for (const { url } of servers) await applySets(url, [set]);
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
    for (const folder of folders) removeFolder(folder);
  });

  it('cannot be made of chunks that it does not have', async () => {
    const [from, to] = servers as [Cluster, Cluster];
    if (binaries.flavour !== 'timescaledb')
      await execute(from.url, `SELECT tsdb.ensure_chunks('plant', 'metric', '2026-01-01', '2026-01-01')`);
    await execute(from.url, ROW, 'CREATE PUBLICATION out FOR ALL TABLES');
    const { password } = new URL(from.url);
    const connection = `host=127.0.0.1 port=${from.port} user=postgres dbname=postgres password=${password}`;
    const failure = await execute(
      to.url,
      `CREATE SUBSCRIPTION inward CONNECTION '${connection}' PUBLICATION out`,
    ).then(
      () =>
        waitFor('the failure of the subscription', () =>
          readFileSync(to.logFile, 'utf8')
            .split('\n')
            .find((line) => /relation ".*" does not exist/.test(line)),
        ),
      (error: unknown) => String(error),
    );
    expect(failure).toMatch(/relation ".*(_hyper_\d+_\d+_chunk|metric.*)" does not exist/);
  });
});

// A server with little room for locks, and a table with many chunks: the plan says which setting to raise, and by how much.

import { index } from '../language/indexes';
import { schemaSet } from '../language/schema-set';
import { embeddedBinaries, findTimescaleBinaries } from '../local/binaries';
import { type Cluster, startCluster } from '../local/cluster';
import { removeFolder, temporaryFolder } from '../local/testing/places';
import { applySets, execute, planSets } from '../testing/apply';
import { table, tableSet } from '../testing/columns-sets';

const CHUNKS = 700;
const timescale = findTimescaleBinaries(process.env);
const flavours = timescale === undefined ? [embeddedBinaries()] : [embeddedBinaries(), timescale];
const indexed = [schemaSet('plant', [{ ...table(), indexes: [index('value')] }])];

describe.each(flavours)('on $flavour', (binaries) => {
  let place: string;
  let cluster: Cluster;
  const restart = (locks: string): Promise<Cluster> =>
    startCluster({
      binaries,
      folder: place,
      durable: false,
      settings: {
        max_locks_per_transaction: locks,
        max_connections: '10',
        max_wal_senders: '0',
        max_worker_processes: '4',
        autovacuum_max_workers: '1',
        autovacuum: 'off',
        'timescaledb.max_background_workers': '0',
      },
    });
  beforeAll(async () => {
    place = temporaryFolder();
    cluster = await restart('128');
    await applySets(cluster.url, [tableSet()]);
    const day = (n: number): string => `date '2026-01-01' - ${n}`;
    // One statement for each chunk, because one for all of them would need many locks.
    await execute(
      cluster.url,
      ...Array.from({ length: CHUNKS }, (_, n) => [
        ...(binaries.flavour === 'postgres'
          ? [`SELECT tsdb.ensure_chunks('plant', 'metric', ${day(n)}, ${day(n)})`]
          : []),
        `INSERT INTO plant.metric (at, device) VALUES (${day(n)}, 'a')`,
      ]).flat(),
    );
    await cluster.stop();
    cluster = await restart('10');
  }, 300_000);
  afterAll(async () => {
    await cluster.stop();
    removeFolder(place);
  });

  it('warns of steps that lock every chunk', async () => {
    const { warnings, steps } = await planSets(cluster.url, indexed);
    expect(steps.map(({ id }) => id)).toEqual(['create-index:plant.metric(value)']);
    const [warning, ...others] = warnings;
    expect(others).toEqual([]);
    expect(warning).toMatch(
      /^changing plant\.metric takes about 1\d{3} locks in one transaction \(7\d\d chunks\), and this server has room for about \d{3} of all sessions: .*Set max_locks_per_transaction to at least \d+ \(now 10\) and restart the server/,
    );
    // What it warns of is true, and what it advises is enough.
    await expect(applySets(cluster.url, indexed, ['blocks-writes'])).rejects.toThrow(/out of shared memory/);
    await cluster.stop();
    cluster = await restart(/at least (\d+)/.exec(warning ?? '')?.[1] ?? '');
    expect((await planSets(cluster.url, indexed)).warnings).toEqual([]);
    await applySets(cluster.url, indexed, ['blocks-writes']);
    expect(await planSets(cluster.url, indexed)).toMatchObject({ steps: [], warnings: [] });
  }, 300_000);
});

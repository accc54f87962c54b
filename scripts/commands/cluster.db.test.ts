// `tsdb cluster` as people run it, on servers that are added, drained, killed and started again.
import type { ClusterStatus } from '../../db/cluster/status';
import { createTestDatabase, testServers } from '../../db/local/test-servers';
import { describeUnless } from '../../db/local/testing/needs';
import { execute, select } from '../../db/testing/apply';
import { type Node, noCitus, startTestCluster, type TestCluster } from '../../db/testing/citus-cluster';
import { type CommandHost, startHost } from '../testing/command-host';
import { startTsdb } from '../testing/command-line';

let host: CommandHost;
beforeAll(() => {
  host = startHost();
});
afterAll(() => host.stop());

it('is refused where there is one server only', async () => {
  const database = await createTestDatabase(testServers('postgres')[0] as never);
  for (const args of [['status'], ['rebalance'], ['add', 'h:1'], ['drain', 'h:1']]) {
    const answer = await host.run(['cluster', ...args], { DATABASE_URL: database.url });
    expect(answer).toMatchObject({ code: 3, stdout: '' });
    expect(answer.stderr).toMatch(/is not a cluster: its engine is postgres, which has one server/);
  }
  await database.drop();
});

describeUnless(noCitus, 'on a cluster', () => {
  let cluster: TestCluster;
  let first: Node;
  let second: Node;
  let third: Node;
  const run = (...args: readonly string[]) =>
    host.run(['cluster', ...args], { DATABASE_URL: cluster.coordinator.url });
  const status = async (): Promise<ClusterStatus> =>
    JSON.parse((await run('status', '--json')).stdout) as ClusterStatus;
  const shardsOn = async ({ address }: Node): Promise<number | undefined> =>
    (await status()).nodes.find((node) => node.address === address)?.onlyThere;
  const rows = async (): Promise<number> =>
    Number(
      (await select<{ n: string }>(cluster.coordinator.url, 'SELECT count(*) AS n FROM public.plant'))[0]?.n,
    );

  beforeAll(async () => {
    cluster = await startTestCluster(2);
    [first, second] = cluster.workers as [Node, Node];
    await execute(
      cluster.coordinator.url,
      'CREATE TABLE public.plant (id int NOT NULL, at timestamptz NOT NULL, value int) PARTITION BY RANGE (at)',
      `CREATE TABLE public.plant_1 PARTITION OF public.plant FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`,
      `SELECT create_distributed_table('public.plant', 'id')`,
      `INSERT INTO public.plant SELECT i, '2026-01-02', i FROM generate_series(1, 10000) i`,
      'CREATE TABLE public.site (id int PRIMARY KEY)',
      `SELECT create_reference_table('public.site')`,
    );
    third = await cluster.startSpare();
  });
  afterAll(() => cluster?.stop());

  it('shows nodes, and what lies where', async () => {
    const { code, stdout } = await run('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Citus 14\S*, 3 nodes/);
    expect(stdout).toMatch(/public\.plant +distributed +id +\d+ +4 +1\n/);
    expect(stdout).toMatch(/public\.site +reference +- /);
    expect((await status()).nodes.map(({ role, state, onlyThere }) => [role, state, onlyThere])).toEqual([
      ['coordinator', 'answers', 0],
      ['worker', 'answers', 4],
      ['worker', 'answers', 4],
    ]);
    const atWorker = await host.run(['cluster', 'status'], { DATABASE_URL: first.url });
    expect(atWorker).toMatchObject({ code: 3 });
    expect(atWorker.stderr).toMatch(/is that of a worker; connect to the coordinator/);
  });

  it('adds only what can be a node, and then once', async () => {
    expect(await run('add', 'nowhere')).toMatchObject({ code: 1, stdout: '' });
    const away = await run('add', '127.0.0.1:1');
    expect(away).toMatchObject({ code: 3, stdout: '' });
    expect(away.stderr).toMatch(/127\.0\.0\.1:1 cannot be used: failed to connect/);

    await execute(third.url, 'CREATE TABLE public.mine (id int)');
    expect((await run('add', third.address)).stderr).toMatch(/is not empty: it has 1 table, which would be/);
    await execute(third.url, 'DROP TABLE public.mine', 'DROP EXTENSION citus');
    expect((await run('add', third.address)).stderr).toMatch(
      /lacks the extension; run CREATE EXTENSION citus/,
    );
    await execute(third.url, 'CREATE EXTENSION citus');

    await execute(third.url, `SELECT citus_set_coordinator_host('127.0.0.1', 1)`);
    expect((await run('add', third.address)).stderr).toMatch(
      /is that of a worker of another cluster|is the coordinator of/,
    );
    await execute(third.url, `SELECT citus_remove_node('127.0.0.1', 1)`);
    expect((await status()).nodes).toHaveLength(3);

    expect(await run('add', third.address)).toMatchObject({ code: 0 });
    const again = await run('add', third.address);
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/is a node already; nothing was changed/),
    });
    expect(await status()).toMatchObject({ cutOff: [], lostShards: [], nodes: { length: 4 } });
    expect(await select(third.url, 'SELECT count(*) AS n FROM public.site')).toEqual([{ n: '0' }]);
  });

  it('says what a move means before it is asked for', async () => {
    const refused = await run('rebalance');
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toMatch(/1 table without a primary key or replica identity \(public\.plant_1\)/);
    const dry = await run('rebalance', '--dry-run', '--mode', 'block_writes');
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('every write to a shard waits') });
    expect(dry.stdout).toContain(third.address);
    expect(await shardsOn(third)).toBe(0);
  });

  it('stops when it is told to, and goes on when it is run again', async () => {
    const running = startTsdb(['cluster', 'rebalance', '--mode', 'force_logical'], {
      env: { DATABASE_URL: cluster.coordinator.url },
    });
    await running.says(/job \d+ scheduled/);
    running.process.kill('SIGINT');
    const { code, stdout } = await running.finished;
    expect({ code, stdout }).toMatchObject({
      code: 130,
      stdout: expect.stringMatching(/stopped after \d steps?/),
    });
    expect((await status()).moves?.state).toBe('cancelled');

    const again = await run('rebalance', '--mode', 'force_logical', '--json');
    expect(again).toMatchObject({ code: 0 });
    expect(JSON.parse(again.stdout)).toMatchObject({ state: 'finished' });
    expect(await shardsOn(third)).toBeGreaterThan(0);
    expect(await rows()).toBe(10_000);
    expect((await run('rebalance')).stdout).toBe('no shard has to move\n');
  });

  it('tells a dead worker at once, and does not drain it', async () => {
    await first.kill();
    const { code, stdout } = await run('status');
    expect(code).toBe(2);
    expect(stdout).toMatch(/does not answer: \d shards exist only there, and writes to them fail/);
    const drained = await run('drain', first.address, '--mode', 'force_logical');
    expect(drained).toMatchObject({ code: 3 });
    expect(drained.stderr).toMatch(/does not answer \(.*\), and its shards exist nowhere else/);
    await first.start();
    expect(await run('status')).toMatchObject({ code: 0 });
  });

  it('empties and removes nodes, but not the last one that takes shards', async () => {
    const dry = await run('drain', first.address, '--dry-run', '--mode', 'force_logical');
    expect(dry.stdout).toContain(first.address);
    expect((await status()).nodes.filter(({ takesShards }) => takesShards)).toHaveLength(3);

    const drained = await run('drain', first.address, '--remove', '--mode', 'force_logical');
    expect(drained).toMatchObject({ code: 0, stderr: expect.stringContaining('was removed') });
    expect((await status()).nodes.map(({ address }) => address)).not.toContain(first.address);
    expect(await run('drain', first.address)).toMatchObject({ code: 1 });

    expect(await run('drain', second.address, '--mode', 'block_writes')).toMatchObject({ code: 0 });
    expect(await shardsOn(second)).toBe(0);
    expect(await shardsOn(third)).toBe(8);
    const last = await run('drain', third.address, '--mode', 'block_writes');
    expect(last).toMatchObject({ code: 3 });
    expect(last.stderr).toMatch(/is the last node that takes shards/);
    expect(await rows()).toBe(10_000);
  });

  it('takes a drained node back, and adds a removed one again', async () => {
    const back = await run('add', second.address, '--rebalance', '--mode', 'block_writes');
    expect(back).toMatchObject({ code: 0, stderr: expect.stringContaining('taken back') });
    expect(await shardsOn(second)).toBeGreaterThan(0);
    expect(await run('add', first.address)).toMatchObject({ code: 0 });
    expect(await run('status')).toMatchObject({ code: 0 });
    expect(await rows()).toBe(10_000);
  });
});

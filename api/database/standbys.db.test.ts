// Reads from real standbys: as long as they are current, of the same database, and alive. No reader sees an error.

import { readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { embeddedBinaries, findTimescaleBinaries } from '../../db/local/binaries';
import type { Cluster } from '../../db/local/cluster';
import { FOLLOWER, type ServerGroup, startStandbys } from '../../db/local/testing/standby';
import { waitFor } from '../../db/local/testing/wait';
import { execute, select } from '../../db/testing/apply';
import { type ApiUnderTest, startBeside } from '../testing/api-under-test';
import { fixture } from '../testing/fixture';
import { query } from './query';
import { inContext } from './reads';

const timescale = findTimescaleBinaries(process.env);
const flavours = timescale === undefined ? [embeddedBinaries()] : [embeddedBinaries(), timescale];
const LIMIT = '3';

const nameOf = ({ port }: Cluster): string => `127.0.0.1:${port}`;
const reading = (sensor: string) => ({ time: new Date().toISOString(), sensor_id: sensor, temperature: 21 });

describe.each(flavours)('standbys of $flavour', (binaries) => {
  let group: ServerGroup;
  let [one, two]: readonly Cluster[] = [];
  let api: ApiUnderTest;
  const standby = (at: 0 | 1): Cluster => (at === 0 ? one : two) as Cluster;
  const beside = (urls: readonly string[], lag = LIMIT) =>
    startBeside(
      { url: group.primary.url },
      { env: { TSDB_READ_URLS: urls.join(), TSDB_READ_LAG_SECONDS: lag } },
    );
  beforeAll(async () => {
    group = await startStandbys({
      binaries,
      fill: (url) => fixture().build(url),
      count: 2,
      // A conflict ends queries at once.
      settings: { max_standby_streaming_delay: '0' },
    });
    [one, two] = group.standbys;
    // User, password and database are those of the primary.
    api = beside(group.standbys.map(({ port }) => `postgres://127.0.0.1:${port}`));
  });
  afterAll(async () => {
    await api?.stop();
    await group?.stop();
  });

  const store = async (...sensors: readonly string[]): Promise<void> => {
    const answer = await api.send('POST', '/api/ingest/sensor_data', sensors.map(reading));
    expect(answer.json()).toMatchObject({ accepted: sensors.length });
  };
  const who = async (of = api, headers = {}): Promise<unknown> =>
    (await of.get('/api/series/sensor_data?limit=1', headers)).headers['x-tsdb-answered-by'];
  const troubles = (of = api): readonly (string | undefined)[] =>
    of.database.reads.standbys.all.map(({ trouble }) => trouble());
  const usable = (count: number, of = api) =>
    waitFor(
      `${count} usable standbys`,
      () => troubles(of).filter((why) => why === undefined).length === count,
    );
  const metric = async (name: string): Promise<readonly string[]> =>
    (await api.get('/metrics')).body.split('\n').filter((line) => line.startsWith(`${name}{`));

  it('answer reads in their turn, and the primary those that ask for it', async () => {
    await store('a');
    await usable(2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => who()));
    expect(new Set(answers)).toEqual(new Set([nameOf(standby(0)), nameOf(standby(1))]));
    expect(await who(api, { 'x-tsdb-read': 'primary' })).toBe('primary');
    await waitFor('the row', async () => (await api.get('/api/sensors/a/current')).statusCode === 200);
    const sensor = await api.get('/api/sensors/a/raw?format=csv');
    expect([sensor.statusCode, sensor.headers['x-tsdb-answered-by']]).toEqual([
      200,
      expect.stringMatching(/^127/),
    ]);
    const fault = await api.get('/api/sensors', { 'x-tsdb-read': 'standby' });
    expect([fault.statusCode, fault.json()]).toMatchObject([
      400,
      { type: 'urn:tsdb:problem:invalid-request', detail: expect.stringContaining('can only be "primary"') },
    ]);
  });

  it('do not answer what must be new', async () => {
    for (const path of ['/api/alerts', '/api/thresholds', '/api/dead-letters', '/api/operations/chunks']) {
      const { statusCode, headers } = await api.get(path);
      expect([path, statusCode, headers['x-tsdb-answered-by']]).toEqual([path, 200, undefined]);
    }
    expect((await metric('tsdb_standby_usable')).map((line) => line.slice(-1))).toEqual(['1', '1']);
    expect(await metric('tsdb_standby_lag_seconds')).toHaveLength(2);
  });

  it('are current while nothing is written, however long', async () => {
    await execute(group.primary.url, 'SELECT pg_switch_wal()');
    const until = performance.now() + Number(LIMIT) * 1_000 + 2_000;
    while (performance.now() < until) {
      expect(await who()).toMatch(/^127/);
      await sleep(100);
    }
    expect(troubles()).toEqual([undefined, undefined]);
  });

  it('do not answer while they are further behind than the limit', async () => {
    for (const { url } of group.standbys) await execute(url, 'SELECT pg_wal_replay_pause()');
    await store('late');
    await usable(0);
    expect(troubles()).toEqual(
      Array(2).fill(expect.stringMatching(/^it is \d+\.\d s behind .the limit is 3 s/)),
    );
    const answer = await api.get('/api/sensors/late/current');
    expect([answer.statusCode, answer.headers['x-tsdb-answered-by']]).toEqual([200, 'primary']);
    expect((await metric('tsdb_standby_usable')).map((line) => line.slice(-1))).toEqual(['0', '0']);
    expect((await api.get('/health/ready')).statusCode).toBe(200);
    for (const { url } of group.standbys) await execute(url, 'SELECT pg_wal_replay_resume()');
    await usable(2);
    expect(await who()).toMatch(/^127/);
  });

  it('are noticed when they are cut off, although they have replayed all that they have received', async () => {
    await execute(
      group.primary.url,
      `ALTER ROLE ${FOLLOWER} NOLOGIN`,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_replication',
    );
    await waitFor(
      'the cut',
      async () => (await select(group.primary.url, 'SELECT FROM pg_stat_replication')).length === 0,
    );
    await store('cut');
    await usable(0);
    const [seen] = await select<{ same: boolean }>(
      standby(0).url,
      'SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AS same',
    );
    expect(seen).toEqual({ same: true });
    expect((await api.get('/api/sensors/cut/current')).statusCode).toBe(200);
    await execute(group.primary.url, `ALTER ROLE ${FOLLOWER} LOGIN`);
    await usable(2);
  });

  it('are judged by each connection, so that an address may lead to several of them', async () => {
    await execute(standby(1).url, 'SELECT pg_wal_replay_pause()');
    await store('spread');
    const spread = await startSpread([standby(0).port, standby(1).port]);
    const through = beside([`postgres://127.0.0.1:${spread.port}`]);
    await usable(1);
    await waitFor('a usable look', () => troubles(through)[0] === undefined);
    for (let at = 0; at < 30; at += 1) {
      const answers = await Promise.all(
        [1, 2, 3].map(() => through.get('/api/sensors/spread/current').then(({ statusCode }) => statusCode)),
      );
      expect(answers).toEqual([200, 200, 200]);
    }
    await through.stop();
    await spread.stop();
    await execute(standby(1).url, 'SELECT pg_wal_replay_resume()');
    await usable(2);
  });

  it('whose query is ended by a conflict are not asked again, but the primary is', async () => {
    await execute(group.primary.url, 'CREATE TABLE public.conflict AS SELECT generate_series(1, 1000) AS n');
    for (const { url } of group.standbys)
      await waitFor('the table', async () =>
        (await select(url, `SELECT to_regclass('public.conflict') AS t`)).some(
          ({ t }: { t?: unknown }) => t !== null,
        ),
      );
    const before = api.database.reads.counts.repeated.size;
    const running = asRequest(() =>
      query<{ n: number }>(api.database.reads, 'SELECT count(*)::int AS n FROM public.conflict, pg_sleep(1)'),
    );
    const seen = `SELECT FROM pg_stat_activity WHERE query LIKE '%FROM public.conflict, pg_sleep%' AND pid <> pg_backend_pid() AND state = 'active'`;
    await waitFor('the query on a standby', async () => {
      for (const { url } of group.standbys) if ((await select(url, seen)).length > 0) return true;
      return false;
    });
    await execute(group.primary.url, 'TRUNCATE public.conflict');
    expect(await running).toEqual([{ n: 0 }]);
    expect(api.database.reads.counts.repeated.size).toBe(before + 1);
    expect(troubles()).toEqual([undefined, undefined]);
  });

  it.each([
    ['stopped', (cluster: Cluster) => cluster.stop()],
    ['killed', async (cluster: Cluster) => kill(cluster)],
  ])('that are %s under load cause no error', async (_how, end) => {
    const statuses: number[] = [];
    let goesOn = true;
    const readers = Array.from({ length: 6 }, async () => {
      while (goesOn) {
        const path = '/api/series/sensor_data?field=count,avg(temperature)&bucket=1h&by=sensor_id&period=7d';
        statuses.push((await api.get(path)).statusCode);
      }
    });
    await waitFor('reads', () => statuses.length > 50);
    await end(standby(0));
    await usable(1);
    const then = statuses.length;
    await waitFor('more reads', () => statuses.length > then + 50);
    goesOn = false;
    await Promise.all(readers);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await who()).toBe(nameOf(standby(1)));
    one = await group.again(standby(0));
    await usable(2);
  });

  it('are refused when they are something else, with the reason', async () => {
    const primary = new URL(group.primary.url);
    await execute(group.primary.url, 'CREATE DATABASE other');
    await waitFor(
      'the database',
      async () =>
        (await select(standby(0).url, `SELECT FROM pg_database WHERE datname = 'other'`)).length > 0,
    );
    const foreign = await startStandbys({ binaries, fill: async () => undefined, count: 0 });
    const wrong = beside([
      `postgres://127.0.0.1:${primary.port}`,
      `postgres://127.0.0.1:${standby(0).port}/other`,
      foreign.primary.url,
      'postgres://127.0.0.1:1',
    ]);
    await waitFor('looks', () => troubles(wrong).every((why) => why !== 'it has not answered yet'));
    expect(troubles(wrong)).toEqual([
      expect.stringMatching(/^it is not a standby/),
      expect.stringMatching(/another database than DATABASE_URL/),
      expect.stringMatching(
        /^it is no copy of the server of DATABASE_URL: its system identifier is \d+, not \d+$/,
      ),
      expect.stringMatching(/ECONNREFUSED/),
    ]);
    expect(await who(wrong)).toBe('primary');
    // A connection says the same, whatever the last look said.
    const [, , other] = wrong.database.reads.standbys.all;
    await expect(other?.pool.query('SELECT 1')).rejects.toThrow(/no copy of the server/);
    await wrong.stop();
    await foreign.stop();
  });

  it('go on for as long as the limit when the primary has gone, and then nobody answers', async () => {
    await group.primary.stop();
    const answer = await api.get('/api/sensors/a/current');
    expect([answer.statusCode, answer.headers['x-tsdb-answered-by']]).toEqual([
      200,
      expect.stringMatching(/^127/),
    ]);
    await usable(0);
    expect(troubles()).toEqual(Array(2).fill(expect.stringMatching(/^the primary has not answered for/)));
    expect((await api.get('/api/sensors/a/current')).statusCode).toBe(503);
    await group.again(group.primary);
    await usable(2);
  });

  it('that are promoted are not used any more', async () => {
    await select(standby(0).url, 'SELECT pg_promote()');
    await usable(1);
    expect(troubles()[0]).toMatch(/^it is not a standby: it was promoted/);
    expect(await who()).toBe(nameOf(standby(1)));
    // A primary that is asked by an address that has moved on: what follows the old one is on another timeline.
    const moved = startBeside(
      { url: standby(0).url },
      { env: { TSDB_READ_URLS: `postgres://127.0.0.1:${standby(1).port}`, TSDB_READ_LAG_SECONDS: LIMIT } },
    );
    await waitFor('a look', () => troubles(moved)[0] !== 'it has not answered yet');
    expect(troubles(moved)[0]).toMatch(/^it is on timeline 1 and the primary on 2/);
    await moved.stop();
  });
});

/** Runs the work as if a request had asked for it. */
const asRequest = <T>(work: () => Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    inContext({ primaryOnly: false }, () => void work().then(resolve, reject));
  });

async function kill({ folder, ended, stop }: Cluster): Promise<void> {
  const [pid] = readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
  await ended;
  await stop();
}

/** Passes connections on to the ports in turn. */
async function startSpread(
  ports: readonly number[],
): Promise<{ readonly port: number; stop(): Promise<unknown> }> {
  let turn = 0;
  const sockets = new Set<import('node:net').Socket>();
  const server: Server = createServer((socket) => {
    turn += 1;
    const to = connect(ports[turn % ports.length] as number, '127.0.0.1');
    for (const end of [socket, to]) {
      sockets.add(end);
      end.on('error', () => undefined);
    }
    socket.pipe(to).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

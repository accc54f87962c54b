// Starts the servers of a test run: always the embedded PostgreSQL, and TimescaleDB and Citus if they are found.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Env, embeddedBinaries, findTimescaleBinaries, type ServerBinaries } from './binaries';
import { startCitus } from './citus-run';
import { startCluster } from './cluster';
import { lockOwner } from './lock';
import { stopOrphan } from './orphan';
import { describeServer, serverFacts } from './server-facts';
import { forcedChoice, timescaleNotFound } from './servers';
import { type GivenServer, givenServer, inFolder, PREFIX, type StartedServer } from './started-server';
import type { TestServer } from './test-servers';

/** The running servers. */
export interface TestRun {
  readonly servers: readonly TestServer[];
  /** What the tests run on, as text for the test report. */
  readonly summary: string;
  stop(): Promise<void>;
}

/** Names of the folders of test runs and of single tests (testing/places.ts), which are removed when nobody uses them any more. */
const SWEPT = /^tsdb-(test|place)-/;
const HOUR_MS = 3_600_000;
/** Several workers share a server, and some suites open dozens of sessions. */
const MAX_CONNECTIONS = 400;
/** Autovacuum could change sizes and estimates at any time during a test. */
const QUIET = { autovacuum: 'off' };

/** Where the folders of the servers are, and which servers are started. */
export interface TestRunOptions {
  /** By default the system's folder for temporary files, where leftovers of dead runs are removed first. */
  readonly parent?: string;
  /** Starts TimescaleDB without background workers, and a second server with them (`TestServer.jobsUrl`). */
  readonly jobsApart?: boolean;
}

/** Starts the servers. TSDB_LOCAL_SERVER=embedded leaves TimescaleDB and Citus out; TSDB_LOCAL_SERVER=timescaledb requires the first. */
export async function startTestRun(env: Env, options: TestRunOptions = {}): Promise<TestRun> {
  const { parent = tmpdir(), jobsApart = false } = options;
  if (options.parent === undefined) await sweepLeftOvers(parent);
  const given = await givenServer(env);
  const started = await settleAll([
    startThrowAway(parent, 'postgres', embeddedBinaries()),
    startTimescale(env, given, { parent, jobsApart }),
    startCitus(env, given, { parent, maxConnections: MAX_CONNECTIONS, settings: QUIET }),
  ]);
  const servers = started.map(({ server }) => server);
  return {
    servers,
    summary: summaryOf(servers, env),
    stop: async () => {
      await Promise.all(started.map((one) => one.stop()));
    },
  };
}

/** The newest versions on which all tests have passed. */
const TESTED = { PostgreSQL: [18], TimescaleDB: [2, 29], Citus: [14, 0] } as const;

/** A note about a server that is newer than the tested ones, because test failures may come from the new version. */
function noteOn({ describe }: TestServer): readonly string[] {
  return Object.entries(TESTED).flatMap(([name, tested]) => {
    const version = new RegExp(`${name} ([\\d.]+)`).exec(describe)?.[1]?.split('.').map(Number) ?? [];
    const differs = tested.findIndex((part, at) => part !== version[at]);
    return differs >= 0 && (version[differs] ?? 0) > (tested[differs] ?? 0)
      ? [
          `note: ${name} ${version.join('.')} is newer than ${tested.join('.')}, the newest that the tests are known to pass on`,
        ]
      : [];
  });
}

/** The first lines of a test run: its servers and notes about them. */
export function summaryOf(servers: readonly TestServer[], env: Env): string {
  return [serversLine(servers, env), ...servers.flatMap(noteOn)].join('\n');
}

function serversLine(servers: readonly TestServer[], env: Env): string {
  const absent = [
    { engine: 'timescaledb', product: 'TimescaleDB', setting: 'TSDB_PG_BIN' },
    { engine: 'citus', product: 'Citus', setting: 'TSDB_CITUS_BIN' },
  ].filter(({ engine }) => !servers.some((server) => server.engine === engine));
  const notes = absent.map(({ product, setting }) => {
    return forcedChoice(env) === 'embedded'
      ? `${product} left out by TSDB_LOCAL_SERVER: its suites are skipped`
      : `${product} not found: its suites are skipped (set DATABASE_URL or ${setting})`;
  });
  return [`db tests run on: ${servers.map(({ describe }) => describe).join(' · ')}`, ...notes].join('; ');
}

/** Waits for all servers. If one does not start, the others are stopped again. */
async function settleAll(starts: Promise<StartedServer | undefined>[]): Promise<StartedServer[]> {
  const results = await Promise.allSettled(starts);
  const started = results.flatMap((result) =>
    result.status === 'fulfilled' && result.value ? [result.value] : [],
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return started;
  await Promise.allSettled(started.map((one) => one.stop()));
  throw failed.reason;
}

async function startTimescale(
  env: Env,
  given: GivenServer | undefined,
  { parent, jobsApart }: Required<TestRunOptions>,
): Promise<StartedServer | undefined> {
  const choice = forcedChoice(env);
  if (choice === 'embedded') return undefined;
  if (given?.facts.timescaledb !== undefined) {
    const describe = describeServer(given.facts, 'DATABASE_URL');
    const jobs = env.TSDB_TEST_JOBS_URL ? { jobsUrl: env.TSDB_TEST_JOBS_URL } : {};
    return {
      server: { engine: 'timescaledb', url: given.url, describe, ...jobs },
      stop: async () => undefined,
    };
  }
  const binaries = findTimescaleBinaries(env);
  if (binaries !== undefined)
    return jobsApart ? startTwins(parent, binaries) : startThrowAway(parent, 'timescaledb', binaries);
  if (choice === 'timescaledb') throw timescaleNotFound();
  return undefined;
}

/** One TimescaleDB without background workers, which would work at unpredictable times, and one with them for the suites about jobs. */
async function startTwins(parent: string, binaries: ServerBinaries): Promise<StartedServer> {
  const [quiet, busy] = (await settleAll([
    startThrowAway(parent, 'timescaledb', binaries, { 'timescaledb.max_background_workers': '0' }),
    startThrowAway(parent, 'timescaledb', binaries),
  ])) as [StartedServer, StartedServer];
  return {
    server: { ...quiet.server, jobsUrl: busy.server.url },
    stop: async () => {
      await Promise.all([quiet.stop(), busy.stop()]);
    },
  };
}

function startThrowAway(
  parent: string,
  engine: TestServer['engine'],
  binaries: ServerBinaries,
  settings: Readonly<Record<string, string>> = {},
): Promise<StartedServer> {
  return inFolder(parent, engine, async (folder) => {
    const cluster = await startCluster({
      binaries,
      folder,
      durable: false,
      maxConnections: MAX_CONNECTIONS,
      settings: { ...QUIET, ...settings },
    });
    const describe = describeServer(await serverFacts(cluster.url), binaries.origin);
    return { server: { engine, url: cluster.url, describe }, stop: cluster.stop };
  });
}

/** Removes folders and servers of runs that were killed together with their guards. Runs that are still alive are not touched. */
export async function sweepLeftOvers(parent: string): Promise<void> {
  for (const name of readdirSync(parent).filter((entry) => SWEPT.test(entry))) {
    const folder = join(parent, name);
    try {
      if (!isLeftOver(folder, name)) continue;
      for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
        if (basename(file) === 'postmaster.pid') await stopOrphan(dirname(join(folder, file)));
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // The folder belongs to another user of this machine.
    }
  }
}

function isLeftOver(folder: string, name: string): boolean {
  if (lockOwner(folder) !== undefined) return false;
  if (name.startsWith(PREFIX) && existsSync(join(folder, 'lock'))) return true; // the owner of the lock is dead
  // A folder without a lock may be brand-new, and the folder of a single test may contain the lock of a dead owner on purpose.
  return Date.now() - statSync(folder).mtimeMs > HOUR_MS;
}

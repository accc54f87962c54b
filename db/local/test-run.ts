// The servers of one test run: always the embedded PostgreSQL, and TimescaleDB wherever one is found.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../errors';
import { type Env, embeddedBinaries, findTimescaleBinaries, type ServerBinaries } from './binaries';
import { startCluster } from './cluster';
import { LocalServerError } from './errors';
import { lockOwner } from './lock';
import { stopOrphan } from './orphan';
import { describeServer, serverFacts } from './server-facts';
import { forcedChoice, timescaleNotFound } from './servers';
import { dropTemplates, type TestServer } from './test-servers';

/** Running servers and how to end them. */
export interface TestRun {
  readonly servers: readonly TestServer[];
  /** Says in one line what the tests run on. */
  readonly summary: string;
  stop(): Promise<void>;
}

interface StartedServer {
  readonly server: TestServer;
  stop(): Promise<void>;
}

const PREFIX = 'tsdb-test-';
/** Folders of runs, and those of single tests (testing/places.ts). */
const SWEPT = /^tsdb-(test|place)-/;
const HOUR_MS = 3_600_000;
/** Several workers share a server, and some suites open dozens of sessions. */
const MAX_CONNECTIONS = 400;

/** Starts the servers, each in a temporary folder. TSDB_LOCAL_SERVER=embedded leaves TimescaleDB out, =timescaledb demands it. */
export async function startTestRun(env: Env): Promise<TestRun> {
  await sweepLeftOvers();
  const started = await settleAll([startEmbedded(), startTimescale(env)]);
  const servers = started.map(({ server }) => server);
  return {
    servers,
    summary: summaryOf(servers, env),
    stop: async () => {
      await Promise.all(started.map((one) => one.stop()));
    },
  };
}

/** The line that a test run begins with. */
export function summaryOf(servers: readonly TestServer[], env: Env): string {
  const found = `db tests run on: ${servers.map(({ describe }) => describe).join(' · ')}`;
  if (servers.some(({ engine }) => engine === 'timescaledb')) return found;
  return forcedChoice(env) === 'embedded'
    ? `${found}; TimescaleDB left out by TSDB_LOCAL_SERVER: its suites are skipped`
    : `${found}; TimescaleDB not found: its suites are skipped (set DATABASE_URL or TSDB_PG_BIN)`;
}

/** All or nothing: when one server does not start, the other must not stay. */
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

async function startEmbedded(): Promise<StartedServer> {
  return startThrowAway('postgres', embeddedBinaries());
}

async function startTimescale(env: Env): Promise<StartedServer | undefined> {
  const choice = forcedChoice(env);
  if (choice === 'embedded') return undefined;
  const given = choice === undefined && env.DATABASE_URL ? await givenTimescale(env.DATABASE_URL) : undefined;
  if (given !== undefined) return { server: given, stop: () => dropTemplates(given.url) };
  const binaries = findTimescaleBinaries(env);
  if (binaries !== undefined) return startQuietAndBusy(binaries);
  if (choice === 'timescaledb') throw timescaleNotFound();
  return undefined;
}

/** TimescaleDB without background workers, which decide by themselves when they work, and one with them for the suites about jobs. */
async function startQuietAndBusy(binaries: ServerBinaries): Promise<StartedServer> {
  const [quiet, busy] = (await settleAll([
    startThrowAway('timescaledb', binaries, { 'timescaledb.max_background_workers': '0' }),
    startThrowAway('timescaledb', binaries),
  ])) as [StartedServer, StartedServer];
  return {
    server: { ...quiet.server, jobsUrl: busy.server.url },
    stop: async () => {
      await Promise.all([quiet.stop(), busy.stop()]);
    },
  };
}

async function givenTimescale(url: string): Promise<TestServer | undefined> {
  try {
    const facts = await serverFacts(url);
    if (facts.timescaledb === undefined) return undefined;
    return { engine: 'timescaledb', url, describe: describeServer(facts, 'DATABASE_URL') };
  } catch (error) {
    throw new LocalServerError(
      `the server of DATABASE_URL does not answer: ${messageOf(error)}; start it, or unset DATABASE_URL`,
      { cause: error },
    );
  }
}

async function startThrowAway(
  engine: TestServer['engine'],
  binaries: ServerBinaries,
  settings: Readonly<Record<string, string>> = {},
): Promise<StartedServer> {
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${engine}-`));
  try {
    const cluster = await startCluster({
      binaries,
      folder,
      durable: false,
      maxConnections: MAX_CONNECTIONS,
      settings,
    });
    const describe = describeServer(await serverFacts(cluster.url), binaries.origin);
    return {
      server: { engine, url: cluster.url, describe },
      stop: async () => {
        await cluster.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Runs that were killed together with their guards leave folders and perhaps servers; those of living runs are not touched. */
async function sweepLeftOvers(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => SWEPT.test(entry))) {
    const folder = join(tmpdir(), name);
    try {
      if (!isLeftOver(folder, name)) continue;
      await stopOrphan(join(folder, 'data'));
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Somebody else's: a shared machine has runs of several users.
    }
  }
}

function isLeftOver(folder: string, name: string): boolean {
  if (lockOwner(folder) !== undefined) return false;
  if (name.startsWith(PREFIX) && existsSync(join(folder, 'lock'))) return true; // its owner is dead
  // Without a lock it may be a moment old; folders of single tests hold dead owners' locks on purpose.
  return Date.now() - statSync(folder).mtimeMs > HOUR_MS;
}

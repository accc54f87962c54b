// The servers of one test run: always the embedded PostgreSQL, and TimescaleDB wherever one is found.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Env, embeddedBinaries, findTimescaleBinaries, type ServerBinaries } from './binaries';
import { startCluster } from './cluster';
import { LocalServerError, reasonOf } from './errors';
import { lockOwner } from './lock';
import { stopOrphan } from './orphan';
import { describeServer, serverFacts } from './server-facts';
import { forcedChoice, timescaleNotFound } from './servers';
import type { TestServer } from './test-servers';

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

/** Starts the servers, each in a temporary folder. TSDB_LOCAL_SERVER=embedded leaves TimescaleDB out, =timescaledb demands it. */
export async function startTestRun(env: Env): Promise<TestRun> {
  await sweepLeftOvers();
  const started = await settleAll([startEmbedded(), startTimescale(env)]);
  const servers = started.map(({ server }) => server);
  return {
    servers,
    summary: summaryOf(servers),
    stop: async () => {
      await Promise.all(started.map((one) => one.stop()));
    },
  };
}

/** The line that a test run begins with. */
export function summaryOf(servers: readonly TestServer[]): string {
  const found = `db tests run on: ${servers.map(({ describe }) => describe).join(' · ')}`;
  if (servers.some(({ engine }) => engine === 'timescaledb')) return found;
  return `${found}; TimescaleDB not found: its suites are skipped (set DATABASE_URL or TSDB_PG_BIN)`;
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
  if (given !== undefined) return { server: given, stop: async () => undefined };
  const binaries = findTimescaleBinaries(env);
  if (binaries !== undefined) return startThrowAway('timescaledb', binaries);
  if (choice === 'timescaledb') throw timescaleNotFound();
  return undefined;
}

async function givenTimescale(url: string): Promise<TestServer | undefined> {
  try {
    const facts = await serverFacts(url);
    if (facts.timescaledb === undefined) return undefined;
    return { engine: 'timescaledb', url, describe: describeServer(facts, 'DATABASE_URL') };
  } catch (error) {
    throw new LocalServerError(
      `the server of DATABASE_URL does not answer: ${reasonOf(error)}; start it, or unset DATABASE_URL`,
      { cause: error },
    );
  }
}

async function startThrowAway(
  engine: TestServer['engine'],
  binaries: ServerBinaries,
): Promise<StartedServer> {
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${engine}-`));
  try {
    const cluster = await startCluster({ binaries, folder, durable: false });
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
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name);
    try {
      if (!(await isLeftOver(folder))) continue;
      await stopOrphan(join(folder, 'data'));
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Somebody else's: a shared machine has runs of several users.
    }
  }
}

async function isLeftOver(folder: string): Promise<boolean> {
  // A run that has just made its folder has no lock in it yet.
  if (!readdirSync(folder).includes('lock')) return false;
  return lockOwner(folder) === undefined;
}

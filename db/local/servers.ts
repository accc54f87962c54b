// Chooses and starts the server of `tsdb up`: yours, an installed TimescaleDB, Docker, or the embedded PostgreSQL.
import { join, resolve } from 'node:path';
import { messageOf } from '../core/errors';
import { type Env, embeddedBinaries, findTimescaleBinaries, majorOf, type ServerBinaries } from './binaries';
import { startCluster } from './cluster';
import { makeOpenFolder } from './cluster-folder';
import { dockerWorks, startDockerServer } from './docker';
import { LocalServerError } from './errors';
import { announceServer, takeLock, withdrawServer } from './lock';
import { otherClusters } from './other-clusters';
import { describeServer, ensureDatabase, serverFacts } from './server-facts';

/** Where the server comes from. */
export type ServerOrigin = 'DATABASE_URL' | 'docker' | ServerBinaries['origin'];

/** A server with the database of the platform. */
export interface LocalServer {
  readonly url: string;
  readonly origin: ServerOrigin;
  /** For people, for example `PostgreSQL 17.11 + TimescaleDB 2.29.2 Community (installed)`. */
  readonly describe: string;
  /** Folders with the databases of earlier starts on another server or another major version, which this start does not use. */
  readonly unused: readonly string[];
  /** Resolves when a server that was started here has ended, with a text that says how. */
  readonly ended: Promise<string>;
  /** Stops the server if it was started here; a server given by DATABASE_URL is left alone. */
  stop(): Promise<void>;
}

/** Which server to start, and where its data is. */
export interface LocalServerOptions {
  readonly env: Env;
  readonly dataFolder: string;
  readonly durable: boolean;
}

/** The choices that TSDB_LOCAL_SERVER can force. */
export type ServerChoice = 'timescaledb' | 'docker' | 'embedded';

const DATABASE = 'tsdb';
const CHOICES: readonly ServerChoice[] = ['timescaledb', 'docker', 'embedded'];

/**
 * Starts the server and returns the address of its database `tsdb`. While it runs, this process holds the data folder,
 * and `runningServer(dataFolder)` gives the address to other commands.
 */
export async function startLocalServer({
  env,
  dataFolder,
  durable,
}: LocalServerOptions): Promise<LocalServer> {
  const choice = forcedChoice(env);
  if (choice === undefined && env.DATABASE_URL) return givenServer(env.DATABASE_URL);
  const folder = resolve(dataFolder);
  try {
    makeOpenFolder(folder);
  } catch (error) {
    throw new LocalServerError(`cannot make ${folder}: ${messageOf(error)}; choose another data folder`, {
      cause: error,
    });
  }
  const lock = takeLock(folder);
  let running: RunningServer | undefined;
  try {
    running = await startChosen(choice, env, { folder, durable });
    const { origin, stop, name, ended } = running;
    const url = await ensureDatabase(running.url, DATABASE);
    const describe = describeServer(await serverFacts(url), origin);
    announceServer(folder, url);
    return {
      url,
      origin,
      describe,
      unused: otherClusters(folder, name),
      ended,
      stop: async () => {
        withdrawServer(folder);
        await stop();
        lock.release();
      },
    };
  } catch (error) {
    await running?.stop().catch(() => undefined); // the first error is the one to report
    lock.release();
    throw error;
  }
}

/** The checked value of TSDB_LOCAL_SERVER; undefined when it is not set. */
export function forcedChoice(env: Env): ServerChoice | undefined {
  const asked = env.TSDB_LOCAL_SERVER;
  if (asked === undefined || asked === '') return undefined;
  const choice = CHOICES.find((name) => name === asked);
  if (choice === undefined) {
    throw new LocalServerError(`TSDB_LOCAL_SERVER must be one of ${CHOICES.join(', ')}, got "${asked}"`);
  }
  return choice;
}

interface RunningServer {
  readonly url: string;
  /** Of its folder in the data folder. */
  readonly name: string;
  readonly origin: ServerOrigin;
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

interface Place {
  readonly folder: string;
  readonly durable: boolean;
}

const NEVER = new Promise<never>(() => undefined);

async function givenServer(url: string): Promise<LocalServer> {
  try {
    const describe = describeServer(await serverFacts(url), 'DATABASE_URL');
    return { url, origin: 'DATABASE_URL', describe, unused: [], ended: NEVER, stop: async () => undefined };
  } catch (error) {
    throw new LocalServerError(
      `the server of DATABASE_URL does not answer: ${messageOf(error)}; start it, or unset DATABASE_URL for a local one`,
      { cause: error },
    );
  }
}

async function startChosen(choice: ServerChoice | undefined, env: Env, place: Place): Promise<RunningServer> {
  if (choice === undefined || choice === 'timescaledb') {
    const binaries = findTimescaleBinaries(env);
    if (binaries !== undefined) return startPrivate(binaries, place);
    if (choice === 'timescaledb') throw timescaleNotFound();
  }
  if (choice === 'docker' || (choice === undefined && (await dockerWorks(env)))) {
    const name = 'docker-timescaledb-17';
    return {
      ...(await startDockerServer({ env, folder: join(place.folder, name) })),
      name,
      origin: 'docker',
    };
  }
  return startPrivate(embeddedBinaries(), place);
}

/** The error for TSDB_LOCAL_SERVER=timescaledb on a machine without TimescaleDB. */
export function timescaleNotFound(): LocalServerError {
  return new LocalServerError(
    'TSDB_LOCAL_SERVER=timescaledb, but no PostgreSQL with TimescaleDB Community was found; set TSDB_PG_BIN to its bin folder',
  );
}

async function startPrivate(binaries: ServerBinaries, { folder, durable }: Place): Promise<RunningServer> {
  const name = `${binaries.flavour}-${majorOf(binaries)}`; // one folder per major version, because versions cannot share data
  const cluster = await startCluster({ binaries, folder: join(folder, name), durable });
  const ended = cluster.ended.then((how) => `${how} (its log is ${cluster.logFile})`);
  return { url: cluster.url, name, origin: binaries.origin, ended, stop: cluster.stop };
}

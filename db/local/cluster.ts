// A private PostgreSQL server in a folder of its own.
import { readFileSync, statSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerBinaries } from './binaries';
import { claimFolder } from './cluster-folder';
import { LocalServerError } from './errors';
import { freePort, isPortFree } from './free-port';
import { type ClusterData, prepareData } from './initdb';
import { takeLock } from './lock';
import { stopOrphan } from './orphan';
import { type Postmaster, startPostmaster } from './postmaster';
import { publishedBinaries } from './published-binaries';
import { waitUntilReady } from './readiness';
import { serverSettings, settingArguments } from './server-settings';
import type { SystemUser } from './system-user';

/** The server to start. */
export interface ClusterOptions {
  readonly binaries: ServerBinaries;
  readonly folder: string;
  /** If absent, a free port is used. */
  readonly port?: number | undefined;
  /** False means throw-away data: nothing is forced to disk, and the folder is removed if this process dies without `stop()`. */
  readonly durable: boolean;
  readonly maxConnections?: number | undefined;
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

/** A running cluster; its superuser is `postgres`. */
export interface Cluster {
  /** Address of the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly logFile: string;
  /** Resolves when the server has ended, for whatever reason, with a text that says how. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

const PORT_ATTEMPTS = 5;

/** Creates the cluster on first use and starts it. A server that a killed process left there is stopped first. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const folder = resolve(options.folder);
  const user = claimFolder(folder);
  const binaries = publishedBinaries(options.binaries, user);
  const lock = takeLock(folder);
  try {
    const data = await prepareData(binaries, folder, { user, durable: options.durable });
    await stopOrphan(data.dataDir);
    const started = await launch({ ...options, folder, binaries }, data, user);
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await started.postmaster.stop();
      lock.release();
    };
    return {
      url: started.url,
      port: started.port,
      folder,
      logFile: started.logFile,
      ended: started.postmaster.exited,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Creates the data of a cluster without starting it, so that copies of its folder are clusters with the same password. */
export async function createCluster({
  binaries,
  folder,
  durable,
}: Pick<ClusterOptions, 'binaries' | 'folder' | 'durable'>): Promise<void> {
  const user = claimFolder(resolve(folder));
  const lock = takeLock(resolve(folder));
  try {
    await prepareData(publishedBinaries(binaries, user), resolve(folder), { user, durable });
  } finally {
    lock.release();
  }
}

interface Started {
  readonly postmaster: Postmaster;
  readonly url: string;
  readonly port: number;
  readonly logFile: string;
}

async function launch(
  options: ClusterOptions,
  data: ClusterData,
  user: SystemUser | undefined,
): Promise<Started> {
  const { binaries, folder } = options;
  const logFile = join(folder, 'server.log');
  let how = '';
  let logStart = 0;
  for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt += 1) {
    const port = options.port ?? (await freePort());
    if (!(await isPortFree(port))) {
      if (options.port === undefined) continue;
      throw new LocalServerError(
        `port ${port} of 127.0.0.1 is in use; stop what listens there or choose another port`,
      );
    }
    logStart = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
    const settings = serverSettings({ ...options, flavour: binaries.flavour, port, memoryBytes: totalmem() });
    const postmaster = startPostmaster({
      program: join(binaries.binDir, 'postgres'),
      args: ['-D', data.dataDir, ...settingArguments(settings)],
      user,
      logFile,
      removeAfterUs: options.durable ? undefined : folder,
    });
    const url = `postgresql://postgres:${data.password}@127.0.0.1:${port}/postgres`;
    const fault = await waitUntilReady(url, postmaster);
    if (fault === undefined) return { postmaster, url, port, logFile };
    await postmaster.stop();
    how = fault;
    // The port is free, so it was not the reason, and another attempt would fail in the same way.
    if (await isPortFree(port)) {
      if (!/pre-existing shared memory block/.test(lastLines(logFile, logStart))) break;
      await sleep(1000); // the backends of a killed server are still leaving
    }
  }
  throw new LocalServerError(
    `PostgreSQL ${binaries.version} in ${folder} ${how}:\n${lastLines(logFile, logStart)}\nfull log: ${logFile}`,
  );
}

function lastLines(file: string, from: number): string {
  const text = readFileSync(file).subarray(from).toString('utf8').trim();
  return text === '' ? '(it wrote no log)' : text.split('\n').slice(-12).join('\n');
}

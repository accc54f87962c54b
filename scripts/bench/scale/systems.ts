// The systems that are compared, all of them running at the same time on this machine: one PostgreSQL, one TimescaleDB, one Citus.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../db/core/settings';
import {
  embeddedBinaries,
  findCitusBinaries,
  findTimescaleBinaries,
  type ServerBinaries,
} from '../../../db/local/binaries';
import { startCitusCluster } from '../../../db/local/citus-cluster';
import { type CitusNode, uniteNodes } from '../../../db/local/citus-nodes';
import { startCluster } from '../../../db/local/cluster';
import { withDatabase } from '../../../db/local/server-facts';
import type { EngineName } from '../../../db/model';
import { createEmptyDatabase, createThrowaway, dropDatabase } from '../../throwaway-database';

/** A running system. */
export interface ScaleSystem {
  readonly engine: EngineName;
  /** Its servers; the first takes the questions. Of Citus, the others are its workers. */
  readonly nodes: readonly ScaleNode[];
  stop(): Promise<void>;
}

export interface ScaleNode extends CitusNode {
  /** Address of a database that is only connected to. */
  readonly url: string;
}

/** Workers that a comparison uses. One more is started, which joins when growth is measured. */
export const COMPARED_WORKERS = 2;
/** Shards of a table. The 32 that Citus makes would be 32 files for each chunk and index, on one disk. */
export const SHARDS = 8;

/**
 * Starts what this machine has: a server of each engine, from the same build of PostgreSQL where there is one, so that only the
 * extension differs.
 */
export async function startSystems(
  env: Environment,
  onNote: (text: string) => void,
): Promise<readonly ScaleSystem[]> {
  const timescale = findTimescaleBinaries(env);
  const citus = findCitusBinaries(env);
  const plain = timescale ?? citus;
  const systems: ScaleSystem[] = [];
  const missing = (name: string, setting: string): void =>
    onNote(`${name} was not found, so it is not measured; name its bin folder by ${setting}`);
  try {
    systems.push(
      await startOne(
        'postgres',
        plain === undefined ? embeddedBinaries() : { ...plain, flavour: 'postgres' },
      ),
    );
    if (timescale === undefined) missing('TimescaleDB Community', 'TSDB_PG_BIN');
    else systems.push(await startOne('timescaledb', timescale));
    if (citus === undefined) missing('Citus', 'TSDB_CITUS_BIN');
    else systems.push(await startCitus(citus));
    return systems;
  } catch (error) {
    await stopAll(systems);
    throw error;
  }
}

/** Stops all of them, whatever happens to one. */
export const stopAll = (systems: readonly ScaleSystem[]): Promise<unknown> =>
  Promise.allSettled(systems.map((system) => system.stop()));

/** Gives `work` an empty database of a system, on Citus one of its first `workers`; it is dropped afterwards. */
export async function withSystemDatabase<T>(
  { engine, nodes }: ScaleSystem,
  workers: number,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const [first, ...others] = nodes as readonly [ScaleNode, ...ScaleNode[]];
  const { url, drop } = await createThrowaway(first.url, 'tsdb_bench_scale');
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  try {
    for (const other of others) await createEmptyDatabase(other.url, name);
    if (engine === 'citus') {
      const used = others.slice(0, workers);
      await uniteNodes(
        url,
        others.map((other) => withDatabase(other.url, name)),
        [first, ...used],
      );
    }
    return await work(url);
  } finally {
    await drop();
    for (const other of others) await dropDatabase(other.url, name);
  }
}

const startOne = (engine: EngineName, binaries: ServerBinaries): Promise<ScaleSystem> =>
  inFolder(async (folder) => {
    const { url, port, stop } = await startCluster({
      binaries,
      folder: join(folder, 'server'),
      durable: false,
      settings: MEASURED,
    });
    return { engine, nodes: [{ url, host: '127.0.0.1', port, holdsShards: true }], stop };
  });

const startCitus = (binaries: ServerBinaries): Promise<ScaleSystem> =>
  inFolder(async (folder) => {
    const { coordinator, workers, stop } = await startCitusCluster({
      binaries,
      folder,
      workers: COMPARED_WORKERS + 1,
      settings: { ...MEASURED, 'citus.shard_count': String(SHARDS) },
    });
    const nodes = [coordinator, ...workers].map(({ url, host, port }, at) => ({
      url,
      host,
      port,
      holdsShards: at > 0,
    }));
    return { engine: 'citus', nodes, stop };
  });

/** In a folder that is removed when the system has stopped. */
async function inFolder(start: (folder: string) => Promise<ScaleSystem>): Promise<ScaleSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-scale-'));
  // When this process is root, the servers run as another user, who must be able to enter the folder.
  chmodSync(folder, 0o755);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const system = await start(folder);
    return {
      ...system,
      stop: async () => {
        await system.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/**
 * The data is removed even when this process is killed, but the settings are those of data that is kept. Each server gets an equal
 * part of what one would get alone.
 */
const MEASURED = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_compression: 'on',
  shared_buffers: `${Math.floor(totalmem() / 32 / 1024 / 1024)}MB`,
};

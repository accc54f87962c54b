// The systems that are compared, all of them running at the same time on this machine: one PostgreSQL, one TimescaleDB, one Citus.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../db/core/settings';
import { embeddedBinaries, findTimescaleBinaries, type ServerBinaries } from '../../../db/local/binaries';
import { startCluster } from '../../../db/local/cluster';
import type { EngineName } from '../../../db/model';

/** A running system. */
export interface ScaleSystem {
  readonly engine: EngineName;
  /** Address of a database of the server that takes the questions. */
  readonly url: string;
  /** Addresses of all its servers; the first is `url`. */
  readonly nodes: readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts one server of each engine that this machine has, from the same build of PostgreSQL where there is one, so that only the
 * extension differs. They share the memory of the machine: each gets an equal part of what one would get alone.
 */
export async function startSystems(
  env: Environment,
  onNote: (text: string) => void,
): Promise<readonly ScaleSystem[]> {
  const timescale = findTimescaleBinaries(env);
  const plain: ServerBinaries =
    timescale === undefined ? embeddedBinaries() : { ...timescale, flavour: 'postgres' };
  if (timescale === undefined)
    onNote('no TimescaleDB Community was found, so it is not measured; name one by TSDB_PG_BIN');
  const systems: ScaleSystem[] = [];
  try {
    systems.push(await startOne('postgres', plain));
    if (timescale !== undefined) systems.push(await startOne('timescaledb', timescale));
    return systems;
  } catch (error) {
    await stopAll(systems);
    throw error;
  }
}

/** Stops all of them, whatever happens to one. */
export const stopAll = (systems: readonly ScaleSystem[]): Promise<unknown> =>
  Promise.allSettled(systems.map((system) => system.stop()));

async function startOne(engine: EngineName, binaries: ServerBinaries): Promise<ScaleSystem> {
  const { url, stop } = await startServer(binaries);
  return { engine, url, nodes: [url], stop };
}

async function startServer(binaries: ServerBinaries): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-bench-scale-'));
  // When this process is root, the server runs as another user, who must be able to enter the folder.
  chmodSync(folder, 0o755);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const { url, stop } = await startCluster({
      binaries,
      folder: join(folder, 'server'),
      durable: false,
      settings: { ...MEASURED, shared_buffers: `${Math.floor(totalmem() / 32 / 1024 / 1024)}MB` },
    });
    return {
      url,
      stop: async () => {
        await stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The data is removed even when this process is killed, but the settings are those of data that is kept. */
const MEASURED = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', wal_compression: 'on' };

// For tests of backups: a server of each engine whose version the machine's pg_dump can read.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findTimescaleBinaries } from '../../db/local/binaries';
import { startCluster } from '../../db/local/cluster';
import { type TestServer, testServers } from '../../db/local/test-servers';

/** A server, and how to end what was started for it. */
export interface DumpServer extends Pick<TestServer, 'engine' | 'url'> {
  stop(): Promise<void>;
}

const installed = findTimescaleBinaries(process.env);

/** Folder of pg_dump and pg_restore, when the installation has them beside its server. */
export const programFolder: string | undefined =
  installed && ['pg_dump', 'pg_restore'].every((name) => existsSync(join(installed.binDir, name)))
    ? installed.binDir
    : undefined;

/** Major version of these programs. */
export const programMajor = Number.parseInt(installed?.version ?? '', 10);

/** Engines that can be tested here; npm's embedded server comes without pg_dump, and is newer than most. */
export const dumpEngines: readonly TestServer['engine'][] =
  programFolder === undefined
    ? []
    : testServers('timescaledb').length > 0
      ? ['timescaledb', 'postgres']
      : ['postgres'];

/** The TimescaleDB of this run, or the same installation started without it in a folder. */
export async function startDumpServer(engine: TestServer['engine'], folder: string): Promise<DumpServer> {
  const [shared] = testServers(engine);
  if (engine === 'timescaledb' && shared) return { ...shared, stop: async () => undefined };
  if (installed === undefined) throw new Error('no PostgreSQL with pg_dump was found');
  const binaries = { ...installed, flavour: 'postgres' } as const;
  const cluster = await startCluster({ binaries, folder: join(folder, 'cluster'), durable: false });
  return { engine, url: cluster.url, stop: cluster.stop };
}

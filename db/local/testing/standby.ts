// For tests: a primary server and a hot standby that follows it by streaming replication.
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerBinaries } from '../binaries';
import { type Cluster, startCluster } from '../cluster';
import { removeFolder, temporaryFolder } from './places';

export interface ServerPair {
  readonly primary: Cluster;
  readonly standby: Cluster;
  stop(): Promise<void>;
}

/** Starts both. `fill` fills the database `postgres` of the primary first. */
export async function startPair(
  binaries: ServerBinaries,
  fill: (url: string) => Promise<void>,
): Promise<ServerPair> {
  const place = temporaryFolder();
  const [first, second] = [join(place, 'primary'), join(place, 'standby')];
  const start = (folder: string, settings: Readonly<Record<string, string>> = {}): Promise<Cluster> =>
    startCluster({ binaries, folder, durable: false, settings });
  const original = await start(first);
  await fill(original.url);
  // The data of a stopped server is a complete base backup, with and without the program pg_basebackup.
  await original.stop();
  cpSync(first, second, { recursive: true });
  writeFileSync(join(second, 'data', 'standby.signal'), '');
  const primary = await start(first);
  const { password } = new URL(primary.url);
  const primary_conninfo = `host=127.0.0.1 port=${primary.port} user=postgres password=${password}`;
  const standby = await start(second, { primary_conninfo });
  return {
    primary,
    standby,
    stop: async () => {
      await standby.stop();
      await primary.stop();
      removeFolder(place);
    },
  };
}

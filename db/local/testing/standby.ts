// For tests: a primary server and hot standbys that follow it by streaming replication.
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
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
  const { primary, standbys, stop } = await startStandbys({ binaries, fill, count: 1 });
  return { primary, standby: standbys[0] as Cluster, stop };
}

export interface StandbysOptions {
  readonly binaries: ServerBinaries;
  readonly fill: (url: string) => Promise<void>;
  readonly count: number;
  /** Settings of the standbys. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface ServerGroup {
  readonly primary: Cluster;
  readonly standbys: readonly Cluster[];
  /** Starts a server on the data of one that was stopped, at its old port. */
  again(cluster: Cluster): Promise<Cluster>;
  stop(): Promise<void>;
}

/** The role with which standbys follow. Without the right to log in, they are cut off. */
export const FOLLOWER = 'follower';

/** Starts a primary and some standbys. */
export async function startStandbys(options: StandbysOptions): Promise<ServerGroup> {
  const { binaries, fill, count } = options;
  const place = temporaryFolder();
  const first = join(place, 'primary');
  const running = new Set<Cluster>();
  const start = async (
    folder: string,
    settings: Readonly<Record<string, string>> = {},
    port?: number,
  ): Promise<Cluster> => {
    const cluster = await startCluster({ binaries, folder, durable: false, settings, port });
    running.add(cluster);
    return cluster;
  };
  const original = await start(first);
  const { password } = new URL(original.url);
  await fill(original.url);
  const client = new Client(original.url);
  await client.connect();
  await client.query(`CREATE ROLE ${FOLLOWER} LOGIN REPLICATION PASSWORD '${password}'`);
  await client.end();
  // The data of a stopped server is a complete base backup, with and without the program pg_basebackup.
  await original.stop();
  const folders = Array.from({ length: count }, (_, at) => join(place, `standby${at}`));
  for (const folder of folders) {
    cpSync(first, folder, { recursive: true });
    writeFileSync(join(folder, 'data', 'standby.signal'), '');
  }
  const primary = await start(first);
  const followed = {
    ...options.settings,
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=${FOLLOWER} password=${password}`,
  };
  const standbys: Cluster[] = [];
  for (const folder of folders) standbys.push(await start(folder, followed));
  return {
    primary,
    standbys,
    again: (cluster) => start(cluster.folder, cluster === primary ? {} : followed, cluster.port),
    stop: async () => {
      for (const cluster of [...running].reverse()) await cluster.stop();
      removeFolder(place);
    },
  };
}

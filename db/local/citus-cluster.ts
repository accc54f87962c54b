// Starts the servers of a private Citus cluster: a coordinator and workers, whose databases `postgres` are united.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerBinaries } from './binaries';
import { uniteNodes } from './citus-nodes';
import { type Cluster, type ClusterOptions, createCluster, startCluster } from './cluster';

/** A server of the cluster. */
export interface CitusServer extends Cluster {
  /** By which the other nodes reach it: the folder of its socket. */
  readonly host: string;
}

/** The servers. All have the same password. */
export interface CitusCluster {
  readonly coordinator: CitusServer;
  readonly workers: readonly CitusServer[];
  stop(): Promise<void>;
}

/** The cluster to start, with throw-away data. */
export interface CitusOptions extends Pick<ClusterOptions, 'maxConnections' | 'settings'> {
  readonly binaries: ServerBinaries;
  /** A short path: the sockets lie below it, and a socket's path has at most 107 bytes. */
  readonly folder: string;
  readonly workers: number;
}

/** Starts all servers at once. If one does not start, the others are stopped again. */
export async function startCitusCluster(options: CitusOptions): Promise<CitusCluster> {
  const folders = Array.from({ length: options.workers + 1 }, (_, at) => join(options.folder, `n${at}`));
  const [first = '', ...others] = folders;
  await createCluster({ binaries: options.binaries, folder: first, durable: false });
  // A copy takes a tenth of the time of another initdb.
  for (const folder of others) cpSync(first, folder, { recursive: true });
  const results = await Promise.allSettled(folders.map((folder) => startCitusServer({ ...options, folder })));
  const servers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    const [coordinator, ...workers] = servers as [CitusServer, ...CitusServer[]];
    await uniteNodes(
      coordinator.url,
      workers.map(({ url }) => url),
      servers.map(({ host, port }, at) => ({ host, port, holdsShards: at > 0 })),
    );
    return { coordinator, workers, stop };
  } catch (error) {
    await stop().catch(() => undefined); // the first error is the one to report
    throw error;
  }
}

/** Starts one server, which knows no others. */
export async function startCitusServer(options: Omit<CitusOptions, 'workers'>): Promise<CitusServer> {
  const cluster = await startCluster({
    ...options,
    durable: false,
    settings: {
      ...options.settings,
      unix_socket_directories: options.folder,
      // Moves of shards connect back to their own server.
      'citus.local_hostname': options.folder,
    },
  });
  return { ...cluster, host: options.folder };
}

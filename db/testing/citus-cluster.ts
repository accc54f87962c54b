// For tests: a Citus cluster of its own, whose servers are killed, started again, added and removed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCitusBinaries, type ServerBinaries } from '../local/binaries';
import { type CitusServer, startCitusCluster, startCitusServer } from '../local/citus-cluster';
import { uniteNodes } from '../local/citus-nodes';
import { withClient, withDatabase } from '../local/server-facts';
import { postmasterPid, removeFolder, temporaryFolder } from '../local/testing/places';

/** Why there can be none here; undefined when there can. */
export const noCitus =
  findCitusBinaries(process.env) === undefined ? 'no Citus; set TSDB_CITUS_BIN' : undefined;

/** A server that may be a node. */
export interface Node {
  /** Address of the database on this server. */
  readonly url: string;
  /** As `tsdb cluster` takes it, and as the others reach it. */
  readonly address: string;
  /** Ends every process of the server at once, as a power cut does to those of a machine. */
  kill(): Promise<void>;
  /** Starts it on the same data and port. */
  start(): Promise<void>;
}

export interface TestCluster {
  readonly coordinator: Node;
  readonly workers: readonly Node[];
  /** Starts one more server, with the database and the extension in it, that is no node yet. */
  startSpare(): Promise<Node>;
  stop(): Promise<void>;
}

const DATABASE = 'plant';
/** What is confirmed must survive a kill, so it has to reach the operating system; a power cut is not tested. */
const SETTINGS = { autovacuum: 'off', synchronous_commit: 'on', 'citus.shard_count': '4' };

/** Starts a coordinator and workers, and unites their databases. */
export async function startTestCluster(
  workers: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestCluster> {
  const folder = temporaryFolder();
  const options = {
    binaries: findCitusBinaries(process.env) as ServerBinaries,
    maxConnections: 100,
    settings: { ...SETTINGS, ...settings },
  };
  const cluster = await startCitusCluster({ ...options, folder, workers });
  const spares: CitusServer[] = [];
  const running = new Map<string, CitusServer>();
  const nodeOf = (server: CitusServer): Node => {
    running.set(server.folder, server);
    return {
      url: withDatabase(server.url, DATABASE),
      address: `${server.host}:${server.port}`,
      kill: async () => {
        process.kill(postmasterPid(server.folder) ?? 0, 'SIGKILL');
        await running.get(server.folder)?.stop();
      },
      start: async () => {
        const { folder: place, port } = server;
        running.set(place, await startCitusServer({ ...options, folder: place, port }));
      },
    };
  };
  const servers = [cluster.coordinator, ...cluster.workers];
  await Promise.all(servers.map(({ url }) => createDatabase(url)));
  const [coordinator, ...others] = servers.map(nodeOf) as [Node, ...Node[]];
  await uniteNodes(
    coordinator.url,
    others.map(({ url }) => url),
    servers.map(({ host, port }, at) => ({ host, port, holdsShards: at > 0 })),
  );
  return {
    coordinator,
    workers: others,
    startSpare: async () => {
      const place = join(folder, `n${servers.length + spares.length}`);
      mkdirSync(place);
      const spare = await withPassword(
        await startCitusServer({ ...options, folder: place }),
        new URL(cluster.coordinator.url).password,
      );
      spares.push(spare);
      await createDatabase(spare.url);
      const node = nodeOf(spare);
      await withClient(node.url, (client) => client.query('CREATE EXTENSION citus'));
      return node;
    },
    stop: async () => {
      await Promise.all([...running.values()].map((server) => server.stop()));
      removeFolder(folder);
    },
  };
}

/** A node gets the roles of the coordinator with their passwords, so the spare has its password from the beginning. */
async function withPassword(server: CitusServer, password: string): Promise<CitusServer> {
  await withClient(server.url, (client) => client.query(`ALTER ROLE postgres PASSWORD '${password}'`));
  writeFileSync(join(server.folder, 'password'), `${password}\n`);
  const url = new URL(server.url);
  url.password = password;
  return { ...server, url: url.href };
}

const createDatabase = (url: string): Promise<unknown> =>
  withClient(url, (client) => client.query(`CREATE DATABASE ${DATABASE} TEMPLATE template0`));

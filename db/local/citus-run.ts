// The server of engine `citus` of a test run: a coordinator and its workers.
import { messageOf } from '../core/errors';
import { type Env, findCitusBinaries } from './binaries';
import { type CitusOptions, startCitusCluster } from './citus-cluster';
import { readNodes } from './citus-nodes';
import { LocalServerError } from './errors';
import { probe } from './readiness';
import { describeServer, serverFacts } from './server-facts';
import { forcedChoice } from './servers';
import { type GivenServer, inFolder, type StartedServer } from './started-server';

const WORKERS = 2;
/** Shards of a table: two on each worker. A statement on 32 of them, the default, takes several times as long and shows the same. */
const SHARDS = { 'citus.shard_count': '4' };

/** The cluster of DATABASE_URL, or one that is started here; undefined when there is none. */
export async function startCitus(
  env: Env,
  given: GivenServer | undefined,
  { parent, ...options }: { readonly parent: string } & Pick<CitusOptions, 'maxConnections' | 'settings'>,
): Promise<StartedServer | undefined> {
  if (forcedChoice(env) === 'embedded') return undefined;
  if (given?.facts.citus !== undefined) return givenCitus(given);
  const binaries = findCitusBinaries(env);
  if (binaries === undefined) return undefined;
  const settings = { ...SHARDS, ...options.settings };
  return inFolder(parent, 'citus', async (folder) => {
    const cluster = await startCitusCluster({ ...options, settings, binaries, folder, workers: WORKERS });
    const { url } = cluster.coordinator;
    const described = describeServer(await serverFacts(url), binaries.origin);
    const workers = cluster.workers.map((worker) => worker.url);
    return {
      server: { engine: 'citus', url, describe: withNodes(described, workers.length), workers },
      stop: cluster.stop,
    };
  });
}

/** The workers' addresses are those that the coordinator knows, with the login of DATABASE_URL. */
async function givenCitus({ url, facts }: GivenServer): Promise<StartedServer> {
  const [, ...nodes] = await readNodes(url);
  const workers = nodes.map(({ host, port }) => {
    const address = new URL(url);
    address.host = host;
    address.port = String(port);
    return address.href;
  });
  for (const [at, worker] of workers.entries()) {
    const error = await probe(worker);
    if (error === undefined) continue;
    const { host, port } = nodes[at] as (typeof nodes)[number];
    throw new LocalServerError(
      `worker ${host}:${port} of the Citus cluster of DATABASE_URL does not answer the tests, which make a database on every node: ${messageOf(error)}; open it to this machine, or unset DATABASE_URL`,
      { cause: error },
    );
  }
  const describe = withNodes(describeServer(facts, 'DATABASE_URL'), workers.length);
  return { server: { engine: 'citus', url, describe, workers }, stop: async () => undefined };
}

const withNodes = (described: string, workers: number): string =>
  described.replace(/ \(/, `, coordinator and ${workers} workers (`);

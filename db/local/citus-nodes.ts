// Makes the databases of several servers one database of Citus.
import { LocalServerError } from './errors';
import { withClient, withDatabase } from './server-facts';

/** A node as the others reach it. */
export interface CitusNode {
  /** A host, or the folder of the server's socket. */
  readonly host: string;
  readonly port: number;
  readonly holdsShards: boolean;
}

/**
 * The nodes of a database, the coordinator first.
 * @throws LocalServerError when it is the database of a worker, or of a coordinator that does not know its own address.
 */
export function readNodes(url: string): Promise<readonly CitusNode[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<CitusNode & { here: boolean; first: boolean }>(
      `SELECT nodename AS host, nodeport AS port, shouldhaveshards AS "holdsShards", groupid = 0 AS first,
              (SELECT groupid = 0 FROM pg_dist_local_group) AS here
         FROM pg_dist_node WHERE noderole = 'primary' AND isactive ORDER BY groupid`,
    );
    if (rows[0]?.first && rows[0].here)
      return rows.map(({ host, port, holdsShards }) => ({ host, port, holdsShards }));
    throw new LocalServerError(
      'the database is not that of a coordinator of Citus that knows its own address; give the address of the coordinator, and run SELECT citus_set_coordinator_host(HOST, PORT) there',
    );
  });
}

/** Creates the extension in the database at `url` and in the databases of the workers, and lets the first know its nodes. */
export async function uniteNodes(
  url: string,
  workers: readonly string[],
  nodes: readonly CitusNode[],
): Promise<void> {
  const create = (at: string): Promise<unknown> =>
    withClient(at, (client) => client.query('CREATE EXTENSION citus'));
  await Promise.all([url, ...workers].map(create));
  await withClient(url, async (client) => {
    for (const [at, { host, port, holdsShards }] of nodes.entries()) {
      const name = at === 0 ? 'citus_set_coordinator_host' : 'citus_add_node';
      await client.query(`SELECT ${name}($1, $2)`, [host, port]);
      if (holdsShards !== at > 0)
        await client.query(`SELECT citus_set_node_property($1, $2, 'shouldhaveshards', $3)`, [
          host,
          port,
          holdsShards,
        ]);
    }
  });
}

/** Unites new databases of the same name in the way in which those at `server.url` and `server.workers` are united. */
export async function joinNodes(
  server: { readonly url: string; readonly workers?: readonly string[] },
  url: string,
): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  const workers = (server.workers ?? []).map((worker) => withDatabase(worker, name));
  await uniteNodes(url, workers, await readNodes(server.url));
}

// How Citus grows: the same rows on one worker, then on two and on three, with what a query touches and where the rows are.
import type { Client } from 'pg';
import { DatabaseError } from '../../../db/core/errors';
import { relation } from '../../../db/core/sql';
import { applySchema } from '../../../db/reconcile/apply';
import { sensorData } from '../../../db/schema/iot';
import { withConnection } from '../../../db/server/connection';
import { copyText, ensureChunks } from '../../../db/server/copy';
import { type ScaleData, scaleSchema } from './scale-data';
import { type ScaleSystem, withSystemDatabase } from './systems';

/** What was found with some workers. */
export interface GrowthStep {
  readonly workers: number;
  /** Tasks that the coordinator sends out for a query, by what it asks for. */
  readonly tasks: Readonly<Record<string, number>>;
  /** Workers that one of these tasks goes to, for the query over all sensors. */
  readonly busy: number;
  /** Rows on each worker. */
  readonly rows: readonly number[];
  /** Seconds until the shards had moved; 0 for the first step. */
  readonly moved: number;
}

const TABLE = relation(sensorData);
const HOURLY = `SELECT public.time_bucket('1 hour', time), sensor_id, avg(temperature) FROM ${TABLE}`;
const QUERIES: Readonly<Record<string, string>> = {
  'one sensor': `${HOURLY} WHERE sensor_id = 'sensor_001' GROUP BY 1, 2`,
  'all sensors, hourly': `${HOURLY} GROUP BY 1, 2`,
};

/**
 * Adds one worker after the other.
 * @throws DatabaseError when a row is missing after a move.
 */
export const measureGrowth = (system: ScaleSystem, data: ScaleData): Promise<readonly GrowthStep[]> =>
  withSystemDatabase(system, 1, async (url) => {
    await applySchema(url, scaleSchema, { allow: [], lockWaitMs: 30_000 });
    return withConnection(url, async (db) => {
      await ensureChunks(db, 'citus', sensorData, data.from, data.to);
      await copyText(db, TABLE, sensorData.columnNames, data.texts);
      const steps = [await look(db, data.rows, 1, 0)];
      for (const [at, { host, port }] of system.nodes.slice(2).entries()) {
        const started = performance.now();
        await db.query('SELECT citus_add_node($1, $2)', [host, port]);
        await db.query(`SELECT rebalance_table_shards(shard_transfer_mode => 'block_writes')`);
        steps.push(await look(db, data.rows, at + 2, (performance.now() - started) / 1_000));
      }
      return steps;
    });
  });

async function look(db: Client, rows: number, workers: number, moved: number): Promise<GrowthStep> {
  const { rows: counted } = await db.query<{ node: string; rows: string }>(
    `SELECT n.nodename || ':' || n.nodeport AS node, coalesce(sum(s.rows), 0)::bigint AS rows
       FROM pg_dist_node n
       LEFT JOIN (SELECT p.groupid, (r.result)::bigint AS rows
                    FROM run_command_on_shards('${TABLE}', 'SELECT count(*) FROM %s') r JOIN pg_dist_placement p USING (shardid)) s USING (groupid)
      WHERE n.shouldhaveshards GROUP BY n.groupid, 1 ORDER BY n.groupid`,
  );
  const each = counted.map((one) => Number(one.rows));
  const found = each.reduce((sum, one) => sum + one, 0);
  if (found !== rows) throw new DatabaseError(`${found} of ${rows} rows are on ${workers} workers`);
  const tasks: Record<string, number> = {};
  for (const [name, query] of Object.entries(QUERIES)) tasks[name] = await taskCount(db, query);
  return { workers, tasks, busy: each.filter((one) => one > 0).length, rows: each, moved };
}

async function taskCount(db: Client, query: string): Promise<number> {
  const { rows } = await db.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${query}`);
  return Number(/Task Count: (\d+)/.exec(rows.map((row) => row['QUERY PLAN']).join('\n'))?.[1]);
}

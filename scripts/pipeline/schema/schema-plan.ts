// pipeline schema: what would change in the database, as Markdown. With a base it is what this checkout changes compared to it.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RefusedError } from '../../../db/core/errors';
import type { Environment } from '../../../db/core/settings';
import { findTimescaleBinaries } from '../../../db/local/binaries';
import { startLocalServer } from '../../../db/local/servers';
import type { Plan } from '../../../db/model';
import { formatPlanMarkdown } from '../../../db/reconcile/format-markdown';
import { makePlan } from '../../../db/reconcile/plan';
import { withConnection } from '../../../db/server/connection';
import { readContext, requireConnection } from '../../context';
import { note } from '../../output';
import { createThrowaway } from '../../throwaway-database';
import { ciHost } from '../ci-host';
import type { StageRun } from '../stage';
import { applySchemaOf } from './base-schema';

export interface SchemaFlags {
  /** A commit whose schema stands in for the database, for example `HEAD^1` of a merged pull request. */
  readonly base?: string;
  readonly out?: string;
}

/**
 * Publishes the plan. Exit code 0, changes or not.
 * @throws RefusedError when a part of it cannot be done safely.
 */
export async function schemaPlan({ base, out }: SchemaFlags, run: StageRun): Promise<number> {
  const made = base === undefined ? await planDatabase() : await planAgainst(base, run);
  ciHost(run.env).publish(formatPlanMarkdown(made), out);
  refuseUnsafe(made);
  return 0;
}

/** The plan for the database that the environment names, else for the platform that runs here. */
export function planDatabase(): Promise<Plan> {
  const { config, desired } = readContext();
  return withConnection(requireConnection(config), (db) => makePlan(db, desired));
}

/**
 * Needs no access to anything that is deployed. The schema of the base goes into a database of its own, on the server
 * of DATABASE_URL or on one that is started for it; the database is dropped in the end.
 */
async function planAgainst(base: string, run: StageRun): Promise<Plan> {
  const folder = join(tmpdir(), `tsdb-schema-${randomUUID()}`);
  try {
    const env = withoutDocker(run.env);
    const server = await startLocalServer({ env, dataFolder: folder, durable: false });
    try {
      note(`planned on ${server.describe}`);
      const database = await createThrowaway(server.url, 'tsdb_schema');
      try {
        await applySchemaOf(base, database.url, run);
        const { desired } = readContext();
        return await withConnection(database.url, (db) => makePlan(db, desired));
      } finally {
        await database.drop();
      }
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// A container would leave a volume behind after every plan, so Docker is only used when TSDB_LOCAL_SERVER asks for it.
const withoutDocker = (env: Environment): Environment =>
  env.TSDB_LOCAL_SERVER || env.DATABASE_URL || findTimescaleBinaries(env) !== undefined
    ? env
    : { ...env, TSDB_LOCAL_SERVER: 'embedded' };

function refuseUnsafe({ refusals }: Plan): void {
  if (refusals.length === 0) return;
  const lines = refusals.map(({ object, what, why, wayOut }) => `  ${object} ${what}: ${why}; ${wayOut}`);
  throw new RefusedError(`the schema cannot be changed safely:\n${lines.join('\n')}`);
}

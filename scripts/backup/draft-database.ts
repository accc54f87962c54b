// The database that a restore fills. It has a temporary name and gets the asked one when it is complete, so that a restore that
// fails, or is killed at any moment, leaves nothing under the asked name that is not whole.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientConfig } from 'pg';
import { messageOf, RefusedError } from '../../db/core/errors';
import { ident, literal } from '../../db/core/sql';
import { codeOf } from '../../db/local/errors';
import type { Db } from '../../db/model';
import { takeAdvisoryLock, withConnection, withTransaction } from '../../db/server/connection';
import { createEmptyDatabase, dropDatabase } from '../throwaway-database';
import { inDatabase } from './address';
import { databaseProperties } from './database-properties';
import { contentOf, MAINTENANCE, type Target } from './target';

/** A database under its temporary name. */
export interface Draft {
  readonly connection: ClientConfig;
  readonly database: string;
  /** From now on only sessions that are open already may use it, so that nobody is in the way when it gets its name. */
  close(): Promise<void>;
}

// The comment of a draft. It tells a database that an interrupted restore left from one that is somebody's own.
const MARK = 'tsdb restore: an unfinished copy, which the next restore into the same name removes';

const OBJECT_IN_USE = '55006';
const MOST_TRIES = 20;

/**
 * Fills a draft with `fill` and then gives it the name of the target. An empty database that has the name is replaced and
 * hands down its owner, its settings and its privileges.
 * @throws RefusedError when another restore into the target runs, or the temporary name is taken by something else. Whatever
 * is thrown, the target is as it was before.
 */
export async function withDraft<T>(
  target: Target,
  onNote: (text: string) => void,
  fill: (draft: Draft) => Promise<T>,
): Promise<T> {
  const server = inDatabase(target.connection, MAINTENANCE);
  const database = nameWith(target.database, '__restoring');
  const replaced = target.exists
    ? nameWith(target.database, `__replaced_${randomBytes(4).toString('hex')}`)
    : undefined;
  // This session lasts as long as the restore, and so does its lock, which keeps a second restore from removing the draft.
  return withConnection(server, async (db) => {
    const lock = { key: 'hashtextextended($1, 0)', values: [`tsdb restore ${database}`], waitMs: 0 };
    if (!(await takeAdvisoryLock(db, lock)))
      throw new RefusedError(
        `nothing was changed: another restore into database ${target.database} is running; wait for it to end`,
      );
    const draft: Draft = {
      connection: inDatabase(target.connection, database),
      database,
      close: async () => void (await db.query(`ALTER DATABASE ${ident(database)} ALLOW_CONNECTIONS false`)),
    };
    await provide(db, server, draft, onNote);
    try {
      const result = await fill(draft);
      await publish(db, draft.database, target.database, replaced);
      if (replaced !== undefined) await removeReplaced(server, target.database, replaced, onNote);
      return result;
    } catch (error) {
      await dropDatabase(server, database).catch((second) =>
        onNote(
          `database ${database} could not be removed: ${messageOf(second)}; the next restore tries again`,
        ),
      );
      throw error;
    }
  });
}

async function provide(
  db: Db,
  server: ClientConfig,
  { connection, database }: Draft,
  onNote: (text: string) => void,
): Promise<void> {
  const { rows } = await db.query<{ comment: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1`,
    [database],
  );
  let exists = rows[0] !== undefined;
  if (rows[0]?.comment === MARK) {
    onNote(`database ${database}, which an interrupted restore left, is removed`);
    await dropDatabase(server, database);
    exists = false;
  }
  if (!exists) await createEmptyDatabase(server, database);
  else {
    // Without the mark it may be somebody's own. An empty one is what a restore leaves that is killed before it could mark it.
    const content = await withConnection(connection, contentOf, 'restore');
    if (content !== undefined)
      throw new RefusedError(
        `nothing was changed: a restore first fills database ${database}, which exists already and has ${content}; rename or drop it, or choose another name with --into NAME`,
      );
  }
  await db.query(`COMMENT ON DATABASE ${ident(database)} IS ${literal(MARK)}`);
}

// In one transaction, so that at every moment a database of the asked name is either the old one or the complete new one.
function publish(db: Db, draft: string, name: string, replaced: string | undefined): Promise<void> {
  return whenUnused(db, [draft, ...(replaced === undefined ? [] : [name])], async () => {
    if (replaced !== undefined) await db.query(renaming(name, replaced));
    await db.query(renaming(draft, name));
    await db.query(`ALTER DATABASE ${ident(name)} ALLOW_CONNECTIONS true`);
    await db.query(`COMMENT ON DATABASE ${ident(name)} IS NULL`);
    if (replaced !== undefined)
      for (const sql of await databaseProperties(db, replaced, name)) await db.query(sql);
  });
}

// Somebody may have written to the empty database while the backup was loaded.
async function removeReplaced(
  server: ClientConfig,
  name: string,
  replaced: string,
  onNote: (text: string) => void,
): Promise<void> {
  const content = await withConnection(inDatabase(server, replaced), contentOf);
  if (content === undefined) await dropDatabase(server, replaced);
  else
    onNote(
      `database ${name} was empty when the restore began; what was written to it since, ${content}, is in database ${replaced}`,
    );
}

const renaming = (from: string, to: string): string => `ALTER DATABASE ${ident(from)} RENAME TO ${ident(to)}`;

/** Runs the transaction after the sessions in the databases were ended; again when a new one was faster. */
async function whenUnused(db: Db, databases: readonly string[], work: () => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    await db.query(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = ANY ($1) AND backend_type <> 'autovacuum worker'`,
      [databases],
    );
    try {
      await withTransaction(db, work);
      return;
    } catch (error) {
      if (codeOf(error) !== OBJECT_IN_USE || tried === MOST_TRIES) throw error;
      await sleep(200);
    }
  }
}

// PostgreSQL cuts longer names off, and two cut names could be the same.
const LONGEST_NAME = 63;

function nameWith(database: string, suffix: string): string {
  const name = `${database}${suffix}`;
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  throw new RefusedError(
    `nothing was changed: the name ${database} is too long, because a restore needs room for ${suffix} behind it; choose a shorter one with --into NAME`,
  );
}

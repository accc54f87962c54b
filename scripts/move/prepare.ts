// Stage 1 of a move: checks both databases, applies the declaration to the target, and marks whose target it is.
import { RefusedError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import { ident } from '../../db/core/sql';
import type { Desired } from '../../db/language/desired';
import { tablesOf } from '../../db/language/desired';
import { nameOf } from '../../db/language/names';
import type { Db } from '../../db/model';
import { applySchema } from '../../db/reconcile/apply';
import { inSync, makePlan } from '../../db/reconcile/plan';
import { withRollback } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { pauseAll } from './jobs';
import type { Engines, Pair } from './model';
import type { Addresses } from './sessions';
import { markArrival, readArrival } from './state';

/** The engines of both databases. */
export const readEngines = async ({ source, target }: Pair): Promise<Engines> => ({
  source: (await withRollback(source, () => readServer(source))).engine,
  target: (await withRollback(target, () => readServer(target))).engine,
});

/**
 * Whether the source is as declared, and what of it will not be moved.
 * @returns a sentence for each thing that stays behind.
 * @throws RefusedError when it differs, or when its changes cannot be noted.
 */
export async function checkSource(source: Db, desired: Desired): Promise<readonly string[]> {
  const plan = await makePlan(source, desired);
  if (!inSync(plan)) {
    throw new RefusedError(
      `the source is not as declared, and only what is declared is moved: ${[...plan.steps.map(({ id }) => id), ...plan.refusals.map(({ object, what }) => `${object} ${what}`)].join(', ')}; see "${invocation('plan')}", and apply first`,
    );
  }
  if (plan.server.engine === 'citus') {
    throw new RefusedError(
      'the source is a Citus database, whose shards cannot note their changes at one place; moving away from Citus is not possible while writers go on. Stop the writers, and use "tsdb export" and "tsdb import" per table',
    );
  }
  return plan.undeclared.map((what) => `not moved, because it is not declared: ${what}`);
}

/**
 * Makes the target ready: as declared, empty, marked, and with all of its jobs paused.
 * @throws RefusedError when it holds rows that this move has not written.
 */
export async function prepareTarget(
  { source, target }: Pair,
  addresses: Addresses,
  { desired, id, lockWaitMs, onNote }: Preparation,
): Promise<void> {
  const arrival = await readArrival(target, id);
  if (arrival === 'itself') throw new RefusedError('--to names the database that is to be moved');
  if (arrival === 'another')
    throw new RefusedError(
      'the target is that of another move, which has not ended; use an empty database, or drop this one and create it again',
    );
  await requireSameEncoding({ source, target });
  if (arrival === 'none') {
    const filled = await withRows(target, desired);
    if (filled.length > 0)
      throw new RefusedError(
        `the target holds rows that this move has not written, in ${filled.join(', ')}; use an empty database`,
      );
    await markArrival(target, id);
  }
  await applySchema(addresses.target, desired, {
    allow: [],
    lockWaitMs,
    onStep: (step, position, steps) =>
      onNote(`target [${position}/${steps}] ${step.object}: ${step.summary}`),
  });
  // Retention and refreshes on a target that is half full would drop and compute what is not there yet.
  await pauseAll(target, (await withRollback(target, () => readServer(target))).engine);
}

export interface Preparation {
  readonly desired: Desired;
  readonly id: string;
  readonly lockWaitMs: number;
  readonly onNote: (text: string) => void;
}

// The hash of a text depends on its bytes.
async function requireSameEncoding({ source, target }: Pair): Promise<void> {
  const encodingOf = async (db: Db): Promise<string> =>
    (
      await db.query<{ encoding: string }>(
        'SELECT pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = current_database()',
      )
    ).rows[0]?.encoding ?? '';
  const [here, there] = [await encodingOf(source), await encodingOf(target)];
  if (here !== there)
    throw new RefusedError(
      `the encoding of the source is ${here} and that of the target ${there}; create the target with ENCODING '${here}'`,
    );
}

async function withRows(target: Db, desired: Desired): Promise<readonly string[]> {
  const filled: string[] = [];
  for (const one of [...tablesOf(desired), { schema: 'tsdb', name: 'import' }]) {
    const name = ident(one.schema, one.name);
    const { rows: there } = await target.query<{ there: boolean }>(
      'SELECT to_regclass($1) IS NOT NULL AS there',
      [name],
    );
    if (!there[0]?.there) continue;
    const { rows } = await target.query(`SELECT FROM ${name} LIMIT 1`);
    if (rows.length > 0) filled.push(nameOf(one));
  }
  return filled;
}

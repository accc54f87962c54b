// Kind: schema `tsdb`, where the reconciler keeps its journal and, on engine `postgres`, the emulation.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { literal } from '../core/sql';
import type { Kind } from '../model';

/** Id of the step that creates or updates the schema. It creates the journal, where every other step is recorded. */
export const INTERNALS_STEP = 'internals:tsdb';

/** The statements that every engine needs. */
export const internalsSql = (): string => readFileSync(join(__dirname, 'internals.sql'), 'utf8');

/**
 * Keeps schema `tsdb` as the given scripts create it. The schema's comment holds their hash, so a newer version of this program
 * plans one step that runs its scripts. They only create what is missing and replace functions.
 * @param scripts SQL texts, each of many statements.
 */
export function internals(...scripts: readonly string[]): Kind<string | null> {
  const marker = `timescaledb-as-code ${createHash('sha256').update(scripts.join('\n')).digest('hex').slice(0, 16)}`;
  return {
    name: 'internals',
    async read(db) {
      const { rows } = await db.query<{ comment: string | null }>(
        `SELECT obj_description(oid, 'pg_namespace') AS comment FROM pg_namespace WHERE nspname = 'tsdb'`,
      );
      return rows[0]?.comment ?? null;
    },
    compare(_desired, comment) {
      if (comment === marker) return {};
      const step = {
        id: INTERNALS_STEP,
        object: 'tsdb',
        action: comment === null ? 'create' : 'change',
        summary: 'schema with journal and helper functions of the reconciler',
        sql: [...scripts, `COMMENT ON SCHEMA tsdb IS ${literal(marker)}`],
        transactional: true,
        lock: 'none',
        hazards: [],
      } as const;
      return { steps: [step] };
    },
  };
}

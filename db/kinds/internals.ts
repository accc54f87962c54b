// Kind: schema `tsdb`, where the reconciler keeps its journal and, on engine `postgres`, the emulation.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { literal } from '../core/sql';
import type { Kind } from '../model';

/** Id of the step that makes or replaces it; it brings the journal that every other step is written to. */
export const INTERNALS_STEP = 'internals:tsdb';

/** The statements every engine needs. */
export const internalsSql = (): string => readFileSync(join(__dirname, 'internals.sql'), 'utf8');

/**
 * Keeps schema `tsdb` at the given scripts. Their hash is kept as the schema's comment: a newer version of this program
 * plans one step that runs the scripts again (they only create what is missing and replace functions).
 * @param scripts SQL texts of many statements each.
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

// Kind: PostgreSQL schemas that hold declared objects.
import { ident } from '../core/sql';
import type { Kind } from '../model';

export const schemas: Kind<readonly string[]> = {
  name: 'schemas',
  async read(db) {
    const { rows } = await db.query<{ name: string }>(
      'SELECT nspname::text AS name FROM pg_namespace ORDER BY 1',
    );
    return rows.map((row) => row.name);
  },
  compare({ schemas: desired }, actual) {
    const missing = desired.filter((name) => !actual.includes(name));
    return {
      steps: missing.map((name) => ({
        id: `create-schema:${name}`,
        object: name,
        action: 'create',
        summary: 'schema',
        sql: [`CREATE SCHEMA ${ident(name)}`],
        transactional: true,
        lock: 'none',
        hazards: [],
      })),
    };
  },
};

// Kind: the extension itself.
import type { Kind } from '../../model';

interface ExtensionState {
  readonly installed: string | null;
  readonly available: string | null;
}

export const extension: Kind<ExtensionState> = {
  name: 'extension',
  async read(db) {
    const { rows } = await db.query<ExtensionState>(
      `SELECT installed_version AS installed, default_version AS available FROM pg_available_extensions WHERE name = 'timescaledb'`,
    );
    return rows[0] ?? { installed: null, available: null };
  },
  compare(_desired, { installed, available }) {
    if (installed !== null) return {};
    return {
      steps: [
        {
          id: 'create-extension:timescaledb',
          object: 'timescaledb',
          action: 'create',
          summary: `extension timescaledb ${available ?? ''}`.trim(),
          sql: ['CREATE EXTENSION IF NOT EXISTS timescaledb WITH SCHEMA public'],
          transactional: true,
          lock: 'none',
          hazards: [],
        },
      ],
    };
  },
};

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

/** Whether catalog views of the extension can be read; before its first apply they do not exist. */
export async function isInstalled(db: Parameters<typeof extension.read>[0]): Promise<boolean> {
  const { rows } = await db.query(`SELECT FROM pg_extension WHERE extname = 'timescaledb'`);
  return rows.length > 0;
}

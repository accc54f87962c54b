// The computed settings of the server, as far as the operator leaves them to us.
import type { DeployConfig } from '../../infra/core/config';
import { type PostgresSettings, postgresSettings } from '../../infra/core/postgres-settings';

/** Libraries to load are a field of their own in the operator's cluster, not a parameter. */
export const PRELOADED = ['timescaledb'];

/** Sorted by name. The operator sets these to values of its own and refuses a cluster that names them. */
const OPERATOR_OWNED = ['listen_addresses', 'shared_preload_libraries'];

export function postgresParameters({ kubernetes, ha }: DeployConfig): PostgresSettings {
  const settings = {
    ...postgresSettings(kubernetes.database),
    // Where a node offers huge pages but the container has no limit for them, the server dies at its start.
    huge_pages: 'off',
    // A standby that stays away keeps all log for itself; beyond this the primary's volume is worth more than it.
    max_slot_wal_keep_size: `${Math.floor((ha.walGiB * 1024 * 3) / 4)}MB`,
  };
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([name]) => !OPERATOR_OWNED.includes(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

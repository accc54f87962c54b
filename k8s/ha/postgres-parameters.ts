// The computed settings of the server, without those that the operator sets itself.
import type { DeployConfig } from '../../infra/core/config';
import { type PostgresSettings, postgresSettings } from '../../infra/core/postgres-settings';

/** In the operator's cluster, preloaded libraries are a separate field and not a parameter. */
export const PRELOADED = ['timescaledb'];

/** Sorted by name. The operator sets these itself and refuses a cluster that contains them. */
const OPERATOR_OWNED = ['listen_addresses', 'shared_preload_libraries'];

export function postgresParameters({ kubernetes, ha }: DeployConfig): PostgresSettings {
  const settings = {
    ...postgresSettings(kubernetes.database),
    // Where a node has huge pages but the container may use none, the server would die at its start.
    huge_pages: 'off',
    // The primary keeps its log for an absent standby, but only up to this size: its volume must not fill up.
    max_slot_wal_keep_size: `${Math.floor((ha.walGiB * 1024 * 3) / 4)}MB`,
  };
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([name]) => !OPERATOR_OWNED.includes(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

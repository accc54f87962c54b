// PgBouncer in front of the primary, for applications that open many short connections.
import type { DeployConfig } from '../../infra/core/config';
import { postgresSettings } from '../../infra/core/postgres-settings';
import { clientLabels } from '../metadata';
import { resources } from '../pod-parts';
import type { OperatorObject } from './manifest';
import { haNames, OPERATOR_API } from './names';
import { POOLER_SCRATCH_MIB } from './sizes';

const INSTANCES = 2;

/**
 * The operator's `Pooler`. Our own programs do not use it: they hold session locks over several transactions, and with
 * shared connections the next transaction may use another session.
 */
export function pooler(config: DeployConfig): OperatorObject {
  const { cluster, pooler: name } = haNames(config);
  return {
    id: 'pooler',
    component: 'pooler',
    name,
    apiVersion: OPERATOR_API,
    kind: 'Pooler',
    spec: {
      cluster: { name: cluster },
      instances: INSTANCES,
      type: 'rw',
      pgbouncer: {
        poolMode: 'transaction',
        parameters: {
          max_client_conn: '1000',
          default_pool_size: String(poolSize(config)),
          // Allows prepared statements on shared connections.
          max_prepared_statements: '200',
        },
      },
      template: {
        metadata: { labels: clientLabels(config, 'pooler') },
        spec: {
          containers: [{ name: 'pgbouncer', resources: resources('100m', 128, POOLER_SCRATCH_MIB) }],
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: { 'cnpg.io/poolerName': name } },
            },
          ],
        },
      },
    },
  };
}

// A quarter of the server's connections for all poolers together; the API has its own connections.
function poolSize({ kubernetes }: DeployConfig): number {
  const { max_connections } = postgresSettings(kubernetes.database);
  return Math.max(1, Math.floor(Number(max_connections) / 4 / INSTANCES));
}

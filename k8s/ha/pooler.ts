// PgBouncer in front of the primary, for applications that open many short connections, and where the settings say so for our own.
import type { DeployConfig } from '../../infra/core/config';
import { poolParameters } from '../../infra/core/pooler';
import { POOLER_PODS, poolSize } from '../../infra/core/pooler-sizes';
import { clientLabels } from '../metadata';
import { resources } from '../pod-parts';
import type { OperatorObject } from './manifest';
import { haNames, OPERATOR_API } from './names';
import { POOLER_SCRATCH_MIB } from './sizes';

/**
 * The operator's `Pooler`. API and consumers use it with `TSDB_DEPLOY_POOLER`; the other commands hold session locks over several
 * transactions, and with shared connections the next transaction may use another session. The operator makes its pooler ignore
 * what a client sets at connect; the API notices that, and sets it in each transaction instead.
 */
export function pooler(config: DeployConfig): OperatorObject {
  const { cluster, pooler: name } = haNames(config);
  const { size, image } = config.pooler;
  const { kubernetes } = config;
  return {
    id: 'pooler',
    component: 'pooler',
    name,
    apiVersion: OPERATOR_API,
    kind: 'Pooler',
    spec: {
      cluster: { name: cluster },
      instances: POOLER_PODS,
      type: 'rw',
      pgbouncer: {
        poolMode: 'transaction',
        parameters: poolParameters(poolSize(size, kubernetes.database, 'cluster')),
      },
      template: {
        metadata: { labels: clientLabels(config, 'pooler') },
        spec: {
          containers: [
            {
              name: 'pgbouncer',
              ...(image === '' ? {} : { image }),
              resources: resources('100m', 128, POOLER_SCRATCH_MIB),
            },
          ],
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

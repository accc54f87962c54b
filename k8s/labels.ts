// The labels by which network policies select the database and its clients.
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels, selectorLabels } from '../infra/core/names';

/** Label of the pods that may talk to the database; its value is "true". */
export const DATABASE_CLIENT = 'timescaledb-as-code/database-client';

/** Labels of a pod that is such a client: schema, api, backup, health. */
export function clientLabels(config: DeployConfig, component: string): Record<string, string> {
  return { ...kubernetesLabels(config, component), [DATABASE_CLIENT]: 'true' };
}

/** Labels that all pods of the database have, be it the StatefulSet or the operator's cluster. */
export function databaseLabels(config: DeployConfig): Record<string, string> {
  return config.kubernetes.ha ? { 'cnpg.io/cluster': config.name } : selectorLabels(config, 'database');
}

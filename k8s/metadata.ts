// Where the objects of a deployment are in a cluster, what they are called, and the labels that tell them apart.
import type { DeployConfig } from '../infra/core/config';

/** What all parts of the stacks kubernetes and kubernetes-ha are given. */
export interface Place {
  readonly config: DeployConfig;
  /** Name of the namespace; a reference in the stack that makes it, so that everything else is created after it. */
  readonly namespace: string;
}

/** For an object of a component: `tsdb-api` is the name of everything that the API has one of. */
export function metadata(
  { config, namespace }: Place,
  component: string,
  name = `${config.name}-${component}`,
) {
  return { name, namespace, labels: kubernetesLabels(config, component) };
}

/** Recommended Kubernetes labels; `component` tells database, api and schema apart. */
export function kubernetesLabels(config: DeployConfig, component: string): Record<string, string> {
  return {
    ...selectorLabels(config, component),
    'app.kubernetes.io/part-of': config.name,
    'app.kubernetes.io/managed-by': 'cdktf',
  };
}

/** The part of the labels that never changes: a selector cannot be edited after creation. */
export function selectorLabels(config: DeployConfig, component: string): Record<string, string> {
  return {
    'app.kubernetes.io/instance': `${config.name}-${config.environment}`,
    'app.kubernetes.io/component': component,
  };
}

/** Label of the pods that network policies let talk to the database; its value is "true". */
export const DATABASE_CLIENT = 'timescaledb-as-code/database-client';

/** Labels of a pod that is such a client: schema, api, backup, health. */
export function clientLabels(config: DeployConfig, component: string): Record<string, string> {
  return { ...kubernetesLabels(config, component), [DATABASE_CLIENT]: 'true' };
}

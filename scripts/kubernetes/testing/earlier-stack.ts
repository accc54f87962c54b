// For tests: the kubernetes stack as versions before the checks of rollouts declared it: Terraform's provider waited.
import type { StackJson } from '../stack-json';

type Attributes = Readonly<Record<string, unknown>>;

const WAITS: Readonly<Record<string, object>> = {
  kubernetes_stateful_set_v1: { wait_for_rollout: true },
  kubernetes_deployment_v1: { wait_for_rollout: true },
  kubernetes_job_v1: { wait_for_completion: true },
};

/** @param create how long the provider waits for a new workload, such as `10m` */
export const earlierStack =
  (create: string) =>
  ({ resource, output: _, ...others }: StackJson & { readonly output?: unknown }): object => ({
    ...others,
    resource: Object.fromEntries(
      Object.entries(resource)
        .filter(([type]) => type !== 'terraform_data')
        .map(([type, named]) => [
          type,
          Object.fromEntries(
            Object.entries(named).map(([name, attributes]) => [
              name,
              earlier(attributes as Attributes, WAITS[type] && { ...WAITS[type], timeouts: { create } }),
            ]),
          ),
        ]),
    ),
  });

function earlier({ depends_on = [], ...attributes }: Attributes, more: object = {}): Attributes {
  const kept = (depends_on as readonly string[]).filter((address) => !address.startsWith('terraform_data.'));
  return { ...attributes, ...more, depends_on: kept };
}

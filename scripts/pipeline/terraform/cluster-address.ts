// The address of a cluster that Terraform reads from Azure. It is in the state, as a stack has no output with access to it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RolloutRequest } from '../../rollout/request';
import { capture, succeed } from '../child';
import { cloudEnvironment } from '../cloud-login';
import type { StageRun } from '../stage';

const CLUSTER = 'azurerm_kubernetes_cluster';

interface State {
  readonly values?: {
    readonly root_module?: {
      readonly resources?: readonly {
        readonly mode: string;
        readonly type: string;
        readonly values: {
          readonly kube_config?: readonly {
            readonly host: string;
            readonly cluster_ca_certificate: string;
          }[];
        };
      }[];
    };
  };
}

/** @returns nothing when the stack uses a kubeconfig. The state is read and not kept. */
export async function addressInState(
  folder: string,
  { env, signal }: StageRun,
): Promise<RolloutRequest['cluster']> {
  const stack = JSON.parse(readFileSync(join(folder, 'cdk.tf.json'), 'utf8')) as { data?: object };
  if (!(CLUSTER in (stack.data ?? {}))) return undefined;
  const program = env.TERRAFORM_BINARY_NAME || 'terraform';
  const run = { folder, env: cloudEnvironment(env), signal };
  const text = await succeed('terraform show', capture(program, ['show', '-json'], run));
  const resources = (JSON.parse(text) as State).values?.root_module?.resources ?? [];
  const found = resources.find(({ mode, type }) => mode === 'data' && type === CLUSTER);
  const [access] = found?.values.kube_config ?? [];
  if (access === undefined) return undefined;
  const certificate = Buffer.from(access.cluster_ca_certificate, 'base64').toString();
  return { host: access.host, certificate };
}

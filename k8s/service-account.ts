// The identity that one workload's pods run under.
import { ServiceAccountV1 } from '@cdktf/provider-kubernetes/lib/service-account-v1';
import type { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from '../infra/core/names';

export interface ServiceAccountProps {
  readonly config: DeployConfig;
  readonly namespace: string;
  /** database | schema | api | backup | health */
  readonly component: string;
}

/** Makes the account `<name>-<component>` and returns a reference to its name. No pod of ours uses the Kubernetes API. */
export function addServiceAccount(
  scope: Construct,
  { config, namespace, component }: ServiceAccountProps,
): string {
  const { pullSecret } = config.kubernetes;
  const account = new ServiceAccountV1(scope, 'account', {
    metadata: { name: `${config.name}-${component}`, namespace, labels: kubernetesLabels(config, component) },
    automountServiceAccountToken: false,
    ...(pullSecret === '' ? {} : { imagePullSecret: [{ name: pullSecret }] }),
  });
  return account.metadata.name;
}

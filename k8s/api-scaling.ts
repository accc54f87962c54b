// More API pods under load, and enough of them left while nodes are drained.
import { HorizontalPodAutoscalerV2 } from '@cdktf/provider-kubernetes/lib/horizontal-pod-autoscaler-v2';
import { PodDisruptionBudgetV1 } from '@cdktf/provider-kubernetes/lib/pod-disruption-budget-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels, selectorLabels } from '../infra/core/names';

export interface ApiScalingProps {
  readonly config: DeployConfig;
  /** Reference to the namespace. */
  readonly namespace: string;
  /** Name of the Deployment, as a reference. */
  readonly deployment: string;
}

const COMPONENT = 'api';

/**
 * Whether pods come and go by load. The Deployment must then leave their number alone:
 * `lifecycle: { ignoreChanges: ['spec[0].replicas'] }`, else each deployment resets it.
 */
export function scalesByLoad({ kubernetes }: DeployConfig): boolean {
  return kubernetes.apiMaxReplicas > kubernetes.apiReplicas;
}

/**
 * The API only. A budget for the one database pod would either change nothing or forbid every drain of its node, and
 * with it each upgrade of the cluster; its restart is short, and the API waits and tries again meanwhile.
 */
export class ApiScaling extends Construct {
  constructor(scope: Construct, id: string, { config, namespace, deployment }: ApiScalingProps) {
    super(scope, id);
    const metadata = { name: `${config.name}-api`, namespace, labels: kubernetesLabels(config, COMPONENT) };
    new PodDisruptionBudgetV1(this, 'budget', {
      metadata,
      spec: { maxUnavailable: '1', selector: { matchLabels: selectorLabels(config, COMPONENT) } },
    });
    if (scalesByLoad(config))
      new HorizontalPodAutoscalerV2(this, 'autoscaler', {
        metadata,
        spec: {
          minReplicas: config.kubernetes.apiReplicas,
          maxReplicas: config.kubernetes.apiMaxReplicas,
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
          metric: [
            {
              type: 'Resource',
              // Of what is requested: the request leaves room for bursts, there is no limit.
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
            },
          ],
          behavior: BEHAVIOUR,
        },
      });
  }
}

/** Up at once, by two pods or by doubling; down one pod a minute, once load was low for five minutes. */
const BEHAVIOUR = {
  scaleUp: [
    {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policy: [
        { type: 'Pods', value: 2, periodSeconds: 30 },
        { type: 'Percent', value: 100, periodSeconds: 30 },
      ],
    },
  ],
  scaleDown: [
    {
      stabilizationWindowSeconds: 300,
      selectPolicy: 'Max',
      policy: [{ type: 'Pods', value: 1, periodSeconds: 60 }],
    },
  ],
};

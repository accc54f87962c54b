// Adds API pods under load, and keeps enough of them while nodes are drained.
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
 * Whether load decides the number of pods. The Deployment must then not manage it:
 * `lifecycle: { ignoreChanges: ['spec[0].replicas'] }`. Otherwise each deployment would reset it.
 */
export function scalesByLoad({ kubernetes }: DeployConfig): boolean {
  return kubernetes.apiMaxReplicas > kubernetes.apiReplicas;
}

/**
 * Only for the API. A disruption budget for the one database pod would either change nothing or block every drain of its
 * node, and so every upgrade of the cluster. Its restart is short, and the API retries in the meantime.
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
              // Relative to the request. There is no limit, so pods may use more in bursts.
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
            },
          ],
          behavior: BEHAVIOUR,
        },
      });
  }
}

/** Scales up at once, by two pods or by doubling. Scales down by one pod a minute after five minutes of low load. */
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

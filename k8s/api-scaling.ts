// Adds API pods under load, and keeps enough of them while nodes are drained.
import { HorizontalPodAutoscalerV2 } from '@cdktf/provider-kubernetes/lib/horizontal-pod-autoscaler-v2';
import { PodDisruptionBudgetV1 } from '@cdktf/provider-kubernetes/lib/pod-disruption-budget-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { metadata, type Place, selectorLabels } from './metadata';

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
 * @param deployment name of the Deployment, as a reference
 */
export function addApiScaling(stack: Construct, place: Place, deployment: string): void {
  const scope = new Construct(stack, 'scaling');
  const { config } = place;
  new PodDisruptionBudgetV1(scope, 'budget', {
    metadata: metadata(place, 'api'),
    spec: { maxUnavailable: '1', selector: { matchLabels: selectorLabels(config, 'api') } },
  });
  if (!scalesByLoad(config)) return;
  new HorizontalPodAutoscalerV2(scope, 'autoscaler', {
    metadata: metadata(place, 'api'),
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

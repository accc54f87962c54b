import { onlyResource } from '../infra/core/testing/synthesise';
import { synthesiseKubernetes } from './testing/deployments';

const SCALER = 'kubernetes_horizontal_pod_autoscaler_v2';

describe('the API under load', () => {
  it('gets more pods at once and loses them slowly', () => {
    const stack = synthesiseKubernetes({ TSDB_DEPLOY_API_REPLICAS: '2', TSDB_DEPLOY_API_MAX_REPLICAS: '5' });
    const [deployment] = Object.keys(stack.resource.kubernetes_deployment_v1 ?? {});
    expect(onlyResource(stack, SCALER)).toMatchObject({
      spec: {
        min_replicas: 2,
        max_replicas: 5,
        scale_target_ref: {
          kind: 'Deployment',
          name: `\${kubernetes_deployment_v1.${deployment}.metadata[0].name}`,
        },
        metric: [{ resource: { name: 'cpu', target: { average_utilization: 70 } } }],
        behavior: {
          scale_up: [{ stabilization_window_seconds: 0 }],
          scale_down: [{ stabilization_window_seconds: 300, policy: [{ value: 1, period_seconds: 60 }] }],
        },
      },
    });
  });

  it('keeps its number where least and most are the same', () => {
    const { resource } = synthesiseKubernetes({
      TSDB_DEPLOY_API_REPLICAS: '3',
      TSDB_DEPLOY_API_MAX_REPLICAS: '3',
    });
    expect(resource).not.toHaveProperty(SCALER);
  });

  it('loses one pod at a time to the drain of a node', () => {
    expect(onlyResource(synthesiseKubernetes(), 'kubernetes_pod_disruption_budget_v1')).toMatchObject({
      spec: {
        max_unavailable: '1',
        selector: { match_labels: { 'app.kubernetes.io/component': 'api' } },
      },
    });
  });
});

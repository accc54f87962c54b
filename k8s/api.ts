// The HTTP API: stateless pods behind one service.

import { DeploymentV1 } from '@cdktf/provider-kubernetes/lib/deployment-v1';
import { ServiceV1 } from '@cdktf/provider-kubernetes/lib/service-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { API_PORT, kubernetesLabels, selectorLabels } from '../infra/core/names';
import { type AppProps, appContainer, appPod } from './app-pod';

export interface ApiProps extends AppProps {
  /** The schema Job: an API must not meet a schema older than itself. */
  readonly after: readonly ITerraformDependable[];
}

const COMPONENT = 'api';

export class Api extends Construct {
  /** Name of the service, as a reference. */
  readonly service: string;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const { config, namespace } = props;
    const labels = kubernetesLabels(config, COMPONENT);
    const selector = selectorLabels(config, COMPONENT);

    new DeploymentV1(this, 'server', {
      metadata: { name: `${config.name}-api`, namespace, labels },
      spec: {
        replicas: String(config.kubernetes.apiReplicas),
        selector: { matchLabels: selector },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '1', maxUnavailable: '0' } },
        template: { metadata: { labels }, spec: { ...appPod(props), container: [apiContainer(props)] } },
      },
      waitForRollout: true,
      timeouts: { create: '10m', update: '10m' },
      dependsOn: [...props.after],
    });
    const service = new ServiceV1(this, 'service', {
      metadata: { name: `${config.name}-api`, namespace, labels },
      spec: { type: 'ClusterIP', selector, port: [{ name: 'http', port: 80, targetPort: 'http' }] },
    });
    this.service = service.metadata.name;
  }
}

function apiContainer(props: ApiProps) {
  const container = appContainer(props, 'api', ['serve']);
  return {
    ...container,
    // The API listens on loopback unless told otherwise; a pod is reached from outside of it.
    env: [...container.env, { name: 'HOST', value: '0.0.0.0' }, { name: 'PORT', value: String(API_PORT) }],
    port: [{ name: 'http', containerPort: API_PORT }],
    startupProbe: { ...get('/health/live'), periodSeconds: 2, failureThreshold: 60 },
    livenessProbe: { ...get('/health/live'), periodSeconds: 10, failureThreshold: 6 },
    readinessProbe: { ...get('/health/ready'), periodSeconds: 5, failureThreshold: 3 },
  };
}

function get(path: string) {
  return { httpGet: { path, port: String(API_PORT) }, timeoutSeconds: 5 };
}

// The HTTP API: stateless pods behind one service.
import { DeploymentV1 } from '@cdktf/provider-kubernetes/lib/deployment-v1';
import { ServiceV1 } from '@cdktf/provider-kubernetes/lib/service-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { apiConnections } from '../infra/core/api-connections';
import { apiEnvironment } from '../infra/core/app-environment';
import { API_PORT, kubernetesLabels, selectorLabels } from '../infra/core/names';
import { scalesByLoad } from './api-scaling';
import { type AppPodProps, type AppProps, appContainer, appPod } from './app-pod';
import { clientLabels } from './labels';
import { RESTARTED_BY_HAND } from './restarted-by-hand';
import { addServiceAccount } from './service-account';

export interface ApiProps extends AppProps {
  /** The schema Job. The API must not start on an older schema, or before the database knows its password. */
  readonly after: readonly ITerraformDependable[];
}

const COMPONENT = 'api';

/** In seconds: how long an ending pod still accepts requests; and the limit for that and its stop, which takes at most 13. */
const LEAVE_SERVICE = 5;
const STOP_LIMIT = 30;

export class Api extends Construct {
  /** References to the names of service and Deployment. */
  readonly service: string;
  readonly deployment: string;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const { config, namespace, secrets } = props;
    const labels = kubernetesLabels(config, COMPONENT);
    const selector = selectorLabels(config, COMPONENT);
    const serviceAccount = addServiceAccount(this, { config, namespace, component: COMPONENT });

    const deployment = new DeploymentV1(this, 'server', {
      metadata: { name: `${config.name}-api`, namespace, labels },
      spec: {
        replicas: String(config.kubernetes.apiReplicas),
        selector: { matchLabels: selector },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '1', maxUnavailable: '0' } },
        template: {
          metadata: {
            labels: clientLabels(config, COMPONENT),
            // A pod reads its password only at its start. This changes with the password, without revealing it.
            annotations: {
              'timescaledb-as-code/password': `${secrets.app.identity} ${config.passwordVersion}`,
            },
          },
          spec: apiPod({ ...props, serviceAccount }),
        },
      },
      waitForRollout: true,
      timeouts: { create: '10m', update: '10m' },
      // When load decides the number of pods, a deployment does not change it.
      lifecycle: {
        ignoreChanges: [RESTARTED_BY_HAND, ...(scalesByLoad(config) ? ['spec[0].replicas'] : [])],
      },
      dependsOn: [...props.after],
    });
    const service = new ServiceV1(this, 'service', {
      metadata: { name: `${config.name}-api`, namespace, labels },
      spec: { type: 'ClusterIP', selector, port: [{ name: 'http', port: 80, targetPort: 'http' }] },
    });
    this.service = service.metadata.name;
    this.deployment = deployment.metadata.name;
  }
}

function apiPod(props: AppPodProps) {
  return {
    ...appPod(props, 'app'),
    terminationGracePeriodSeconds: STOP_LIMIT,
    topologySpreadConstraint: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
      (topologyKey) => ({
        topologyKey,
        maxSkew: 1,
        // So that a cluster of one node can run all of them.
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: [{ matchLabels: selectorLabels(props.config, COMPONENT) }],
        // Pods of the previous version, which are about to end, do not count.
        matchLabelKeys: ['pod-template-hash'],
      }),
    ),
    container: [apiContainer(props)],
  };
}

function apiContainer(props: AppProps) {
  const { database, apiMaxReplicas, ingressHost } = props.config.kubernetes;
  const env = apiEnvironment({
    connections: apiConnections(database, apiMaxReplicas),
    behindProxy: ingressHost !== '',
  });
  return {
    ...appContainer(props, 'app', 'api', ['serve'], { env, cpu: '250m' }),
    port: [{ name: 'http', containerPort: API_PORT }],
    startupProbe: { ...get('/health/live'), periodSeconds: 2, failureThreshold: 60 },
    livenessProbe: { ...get('/health/live'), periodSeconds: 10, failureThreshold: 6 },
    readinessProbe: { ...get('/health/ready'), periodSeconds: 5, failureThreshold: 3 },
    // Kubernetes removes an ending pod from the service while it already stops it, so requests still arrive for a while.
    lifecycle: { preStop: [{ exec: { command: ['sleep', String(LEAVE_SERVICE)] } }] },
  };
}

function get(path: string) {
  return { httpGet: { path, port: String(API_PORT) }, timeoutSeconds: 5 };
}

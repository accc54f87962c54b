// The HTTP API: stateless pods behind one service.
import { DeploymentV1 } from '@cdktf/provider-kubernetes/lib/deployment-v1';
import { ServiceV1 } from '@cdktf/provider-kubernetes/lib/service-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { apiConnections, readerConnections } from '../infra/core/api-connections';
import { apiEnvironment } from '../infra/core/app-environment';
import type { DeployConfig } from '../infra/core/config';
import { API_PORT } from '../infra/core/names';
import { consumerConnections } from '../infra/core/settings/consumers';
import { scalesByLoad } from './api-scaling';
import {
  type AppProps,
  appContainer,
  appPod,
  healthProbes,
  passwordAnnotations,
  spreadPods,
} from './app-pod';
import { haNames } from './ha/names';
import { clientLabels, metadata, selectorLabels } from './metadata';
import { addServiceAccount, RESTARTED_BY_HAND } from './pod-parts';
import { deploymentRollout } from './rollout';

/** In seconds: how long an ending pod still accepts requests; and the limit for that and its stop, which takes at most 13. */
const LEAVE_SERVICE = 5;
const STOP_LIMIT = 30;

/**
 * In minutes. One pod after the other is replaced, and Kubernetes itself says after ten minutes that none of them gets ready, so
 * this is only for many pods.
 */
const ROLLOUT_LIMIT = 30;

/**
 * Adds Deployment and service.
 * @param after the check of the schema Job. The API must not start on an older schema, or before the database knows its password.
 * @returns references to their names, and the check that passes when the new version serves
 */
export function addApi(stack: Construct, app: AppProps, after: ITerraformDependable) {
  const scope = new Construct(stack, 'api');
  const { config } = app;
  const selector = selectorLabels(config, 'api');
  const serviceAccount = addServiceAccount(scope, app, 'api');
  const deployment = new DeploymentV1(scope, 'server', {
    metadata: metadata(app, 'api'),
    spec: {
      replicas: String(config.kubernetes.apiReplicas),
      selector: { matchLabels: selector },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '1', maxUnavailable: '0' } },
      template: {
        metadata: {
          labels: clientLabels(config, 'api'),
          annotations: passwordAnnotations(app),
        },
        spec: apiPod(app, serviceAccount),
      },
    },
    waitForRollout: false,
    // When load decides the number of pods, a deployment does not change it.
    lifecycle: {
      ignoreChanges: [RESTARTED_BY_HAND, ...(scalesByLoad(config) ? ['spec[0].replicas'] : [])],
    },
    dependsOn: [after],
  });
  const service = new ServiceV1(scope, 'service', {
    metadata: metadata(app, 'api'),
    spec: { type: 'ClusterIP', selector, port: [{ name: 'http', port: 80, targetPort: 'http' }] },
  });
  const rollout = deploymentRollout(deployment, app, ROLLOUT_LIMIT);
  return { service: service.metadata.name, deployment: deployment.metadata.name, rollout };
}

function apiPod(app: AppProps, serviceAccount: string) {
  return {
    ...appPod(app, { serviceAccount, logins: ['app'] }),
    terminationGracePeriodSeconds: STOP_LIMIT,
    topologySpreadConstraint: spreadPods(app, 'api'),
    container: [apiContainer(app)],
  };
}

function apiContainer(app: AppProps) {
  const env = apiEnvironment({
    ...connectionsOf(app.config),
    ...standbysOf(app.config),
    behindProxy: app.config.kubernetes.ingressHost !== '',
  });
  return {
    ...appContainer(app, {
      name: 'api',
      login: 'app',
      args: ['serve'],
      env,
      cpu: '250m',
      sharesConnections: true,
    }),
    port: [{ name: 'http', containerPort: API_PORT }],
    ...healthProbes(API_PORT),
    // Kubernetes removes an ending pod from the service while it already stops it, so requests still arrive for a while.
    lifecycle: { preStop: [{ exec: { command: ['sleep', String(LEAVE_SERVICE)] } }] },
  };
}

/** Behind a pooler, the API takes as many connections as it does by itself: they end there, unless it reads from standbys. */
function connectionsOf({ kubernetes, consumers, streams, pooler }: DeployConfig) {
  const { database, apiMaxReplicas } = kubernetes;
  if (!pooler.enabled)
    return { connections: apiConnections(database, apiMaxReplicas, consumerConnections(consumers, streams)) };
  return pooler.readReplicas ? { connections: readerConnections(database, apiMaxReplicas) } : {};
}

/**
 * One address for all standbys. Each connection asks the server that it has got how far it is behind, so it does not matter which
 * one that is.
 */
function standbysOf({ pooler, ...config }: DeployConfig) {
  if (!pooler.readReplicas) return {};
  const { standbys } = haNames({ ...config, pooler });
  return { standbys: { host: standbys, lagSeconds: pooler.readLagSeconds } };
}

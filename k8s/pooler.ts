// PgBouncer in front of the one database: stateless pods behind one service, which API and consumers use.
import { createHash } from 'node:crypto';
import { ConfigMapV1 } from '@cdktf/provider-kubernetes/lib/config-map-v1';
import { DeploymentV1 } from '@cdktf/provider-kubernetes/lib/deployment-v1';
import { PodDisruptionBudgetV1 } from '@cdktf/provider-kubernetes/lib/pod-disruption-budget-v1';
import { ServiceV1 } from '@cdktf/provider-kubernetes/lib/service-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { DATABASE } from '../infra/core/names';
import { POOLER_IMAGE } from '../infra/core/pins';
import { POOLER_COMMAND, POOLER_FILES, poolerConfiguration } from '../infra/core/pooler';
import { POOLER_MIB, POOLER_PODS, poolSize } from '../infra/core/pooler-sizes';
import { APP_USER, type AppProps, passwordAnnotations, spreadPods } from './app-pod';
import { clientLabels, metadata, selectorLabels } from './metadata';
import { passwordMount, passwordVolume } from './password-file';
import {
  addServiceAccount,
  CONTAINER_SECURITY,
  podIdentity,
  RESTARTED_BY_HAND,
  resources,
} from './pod-parts';
import { deploymentRollout, type RolloutCheck } from './rollout';

/** What each pod requests, in thousandths of a core. */
export const POOLER_MILLI_CPUS = 100;

/**
 * In seconds: how long an ending pod still takes new connections; and the limit for that and the end of all its clients. The API
 * uses a connection for a minute at most.
 */
const LEAVE_SERVICE = 5;
const STOP_LIMIT = 120;

/** In minutes, as for the API. */
const ROLLOUT_LIMIT = 30;

const FOLDER = POOLER_FILES.configuration.replace(/\/[^/]+$/, '');
const USERS_FOLDER = POOLER_FILES.users.replace(/\/[^/]+$/, '');

/**
 * @param after the check of the schema Job: before it, the database does not know the password that the pods log in with
 * @returns reference to the name of the service, and the check that passes when the new version serves
 */
export function addPooler(
  stack: Construct,
  app: AppProps,
  after: ITerraformDependable,
): { readonly host: string; readonly rollout: RolloutCheck } {
  const scope = new Construct(stack, 'pooler');
  const { config, database } = app;
  const selector = selectorLabels(config, 'pooler');
  const size = poolSize(config.pooler.size, config.kubernetes.database, 'cluster');
  const configuration = new ConfigMapV1(scope, 'configuration', {
    metadata: metadata(app, 'pooler'),
    data: { [POOLER_FILES.configuration.slice(FOLDER.length + 1)]: poolerConfiguration(database.host, size) },
  });
  const deployment = new DeploymentV1(scope, 'server', {
    metadata: metadata(app, 'pooler'),
    spec: {
      replicas: String(POOLER_PODS),
      selector: { matchLabels: selector },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '1', maxUnavailable: '0' } },
      template: {
        metadata: {
          labels: clientLabels(config, 'pooler'),
          annotations: {
            ...passwordAnnotations(app),
            // PgBouncer reads its configuration at its start. The name of the host never changes.
            'timescaledb-as-code/configuration': hashOf(poolerConfiguration('', size)),
          },
        },
        spec: poolerPod(app, {
          serviceAccount: addServiceAccount(scope, app, 'pooler'),
          configuration: configuration.metadata.name,
        }),
      },
    },
    waitForRollout: false,
    lifecycle: { ignoreChanges: [RESTARTED_BY_HAND] },
    dependsOn: [after],
  });
  const service = new ServiceV1(scope, 'service', {
    metadata: metadata(app, 'pooler'),
    spec: {
      type: 'ClusterIP',
      selector,
      port: [{ name: 'postgres', port: DATABASE.port, targetPort: 'postgres' }],
    },
  });
  new PodDisruptionBudgetV1(scope, 'budget', {
    metadata: metadata(app, 'pooler'),
    spec: { maxUnavailable: '1', selector: { matchLabels: selector } },
  });
  return {
    host: service.metadata.name,
    rollout: deploymentRollout(deployment, app, ROLLOUT_LIMIT),
  };
}

function poolerPod(
  app: AppProps,
  { serviceAccount, configuration }: { readonly serviceAccount: string; readonly configuration: string },
) {
  const probe = { tcpSocket: [{ port: 'postgres' }], timeoutSeconds: 5 };
  return {
    ...podIdentity(serviceAccount, APP_USER),
    terminationGracePeriodSeconds: STOP_LIMIT,
    topologySpreadConstraint: spreadPods(app, 'pooler'),
    container: [
      {
        name: 'pgbouncer',
        image: app.config.pooler.image || POOLER_IMAGE,
        command: [...POOLER_COMMAND],
        port: [{ name: 'postgres', containerPort: DATABASE.port }],
        resources: resources(`${POOLER_MILLI_CPUS}m`, POOLER_MIB, 0),
        securityContext: CONTAINER_SECURITY,
        startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 60 },
        livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 6 },
        readinessProbe: { ...probe, periodSeconds: 5, failureThreshold: 3 },
        // Kubernetes removes an ending pod from the service while it already stops it. PgBouncer then waits for its clients.
        lifecycle: { preStop: [{ exec: { command: ['sleep', String(LEAVE_SERVICE)] } }] },
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMount: [
          passwordMount('app'),
          { name: 'configuration', mountPath: FOLDER, readOnly: true },
          { name: 'users', mountPath: USERS_FOLDER },
        ],
      },
    ],
    volume: [
      passwordVolume('app', app.secrets.app),
      { name: 'configuration', configMap: { name: configuration } },
      // It holds the password, which must not get to the disk of a node.
      { name: 'users', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ],
  };
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

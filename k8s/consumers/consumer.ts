// A Deployment that runs `tsdb consume`, with the same identity, limits and probes as the API.
import { DeploymentV1 } from '@cdktf/provider-kubernetes/lib/deployment-v1';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import { STREAM_PORT } from '../../infra/core/names';
import {
  type AppProps,
  appContainer,
  appPod,
  healthProbes,
  passwordAnnotations,
  spreadPods,
} from '../app-pod';
import { clientLabels, metadata, selectorLabels } from '../metadata';
import { addServiceAccount, RESTARTED_BY_HAND } from '../pod-parts';
import { deploymentRollout } from '../rollout';
import type { brokerFiles } from './broker-files';

/** What both kinds of consumers request: cores, and memory for the batches that they hold. */
export const CONSUMER = { milliCpus: 250, memoryMiB: 512 } as const;

/** Label of the pods of all consumers of a broker. */
export const CONSUMER_OF = 'timescaledb-as-code/consumer-of';

/** In seconds: what a consumer holds is stored, and it leaves its group. */
const STOP_LIMIT = 60;

/** In minutes, as for the API. */
const ROLLOUT_LIMIT = 30;

export interface ConsumerProps {
  readonly broker: 'kafka' | 'mqtt';
  /** Tells the consumers of a broker apart; also the end of the names of its objects. */
  readonly component: string;
  readonly env: Readonly<Record<string, string>>;
  readonly files: Pick<ReturnType<typeof brokerFiles>, 'volume' | 'volumeMount'>;
  readonly replicas: number;
  /** Whether something else decides the number of pods. */
  readonly isScaled?: boolean;
  /** Whether the pod of the previous version ends before that of the next one begins. */
  readonly isAlone: boolean;
  /** Client id of the managed identity that its pods get from Azure. */
  readonly identity?: string | undefined;
  /** The check of the schema Job. */
  readonly after: ITerraformDependable;
}

/** @returns the Deployment, and the check that passes when its new version consumes */
export function addConsumer(scope: Construct, app: AppProps, props: ConsumerProps) {
  const { broker, component, replicas, isScaled = false, isAlone, identity, after } = props;
  const { config } = app;
  const selector = selectorLabels(config, component);
  const asIdentity = identity === undefined ? {} : { 'azure.workload.identity/client-id': identity };
  const serviceAccount = addServiceAccount(scope, app, component, asIdentity);
  const deployment = new DeploymentV1(scope, 'consumer', {
    metadata: metadata(app, component),
    spec: {
      replicas: String(replicas),
      selector: { matchLabels: selector },
      strategy: isAlone
        ? { type: 'Recreate' }
        : { type: 'RollingUpdate', rollingUpdate: { maxSurge: '1', maxUnavailable: '0' } },
      template: {
        metadata: {
          labels: {
            ...clientLabels(config, component),
            [CONSUMER_OF]: broker,
            ...(identity === undefined ? {} : { 'azure.workload.identity/use': 'true' }),
          },
          annotations: passwordAnnotations(app),
        },
        spec: consumerPod(app, serviceAccount, props),
      },
    },
    waitForRollout: false,
    lifecycle: { ignoreChanges: [RESTARTED_BY_HAND, ...(isScaled ? ['spec[0].replicas'] : [])] },
    dependsOn: [after],
  });
  const rollout = deploymentRollout(deployment, app, ROLLOUT_LIMIT);
  return { deployment: deployment.metadata.name, rollout };
}

function consumerPod(app: AppProps, serviceAccount: string, props: ConsumerProps) {
  const { broker, component, env, files } = props;
  return {
    ...appPod(app, { serviceAccount, logins: ['app'], volume: files.volume }),
    terminationGracePeriodSeconds: STOP_LIMIT,
    topologySpreadConstraint: spreadPods(app, component),
    container: [
      {
        ...appContainer(app, {
          name: 'consumer',
          login: 'app',
          args: ['consume', broker],
          env,
          sharesConnections: true,
          volumeMount: files.volumeMount,
          cpu: `${CONSUMER.milliCpus}m`,
          memoryMiB: CONSUMER.memoryMiB,
        }),
        port: [{ name: 'health', containerPort: STREAM_PORT }],
        ...healthProbes(STREAM_PORT),
      },
    ],
  };
}

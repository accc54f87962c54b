// The database: one volume, one pod, two services, and the superuser's password.
import { ServiceV1 } from '@cdktf/provider-kubernetes/lib/service-v1';
import { StatefulSetV1 } from '@cdktf/provider-kubernetes/lib/stateful-set-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { DATABASE } from '../infra/core/names';
import type { DatabaseAccess } from './database-access';
import { databasePod, START_LIMIT } from './database-pod';
import { kubernetesLabels, metadata, type Place, selectorLabels } from './metadata';
import { addPassword } from './password';
import { addServiceAccount, RESTARTED_BY_HAND } from './pod-parts';
import { RolloutCheck } from './rollout';
import { addClaim } from './storage';

/** In minutes, in addition to the limit of the server's start: the previous pod stops, a volume and an image are fetched. */
const MARGIN = 20;

/** @param after what the volume needs: the storage class, when this deployment makes it */
export function addDatabase(
  stack: Construct,
  place: Place,
  after: readonly ITerraformDependable[],
): DatabaseAccess {
  const scope = new Construct(stack, 'database');
  const { config } = place;
  const selector = selectorLabels(config, 'database');
  const port = [{ name: 'postgres', port: DATABASE.port, targetPort: 'postgres' }];
  // The claim is not part of the StatefulSet, whose claim templates cannot be edited.
  const claim = addClaim(new Construct(scope, 'volume'), place, {
    id: 'claim',
    component: 'database',
    suffix: '-data',
    sizeGiB: config.diskGiB,
    after,
  });
  const superuser = addPassword(new Construct(scope, 'password'), place, {
    login: 'superuser',
    version: config.passwordVersion,
  });

  const peers = new ServiceV1(scope, 'peers', {
    metadata: metadata(place, 'database', `${config.name}-peers`),
    spec: { clusterIp: 'None', publishNotReadyAddresses: true, selector, port },
  });
  const service = new ServiceV1(scope, 'service', {
    metadata: metadata(place, 'database', config.name),
    spec: { type: 'ClusterIP', selector, port },
  });
  const server = new StatefulSetV1(scope, 'server', {
    metadata: metadata(place, 'database', config.name),
    spec: {
      // Kubernetes does not allow changes of this name or the selector, so no setting may influence them.
      serviceName: peers.metadata.name,
      selector: { matchLabels: selector },
      replicas: String(config.kubernetes.replicas),
      updateStrategy: [{ type: 'RollingUpdate', rollingUpdate: [{ partition: 0 }] }],
      template: {
        metadata: {
          labels: kubernetesLabels(config, 'database'),
          // Which of the two `kubectl exec` and `kubectl logs` are about.
          annotations: { 'kubectl.kubernetes.io/default-container': 'timescaledb' },
        },
        spec: databasePod({
          config,
          serviceAccount: addServiceAccount(scope, place, 'database'),
          password: superuser,
          claimName: claim.metadata.name,
        }),
      },
    },
    waitForRollout: false,
    lifecycle: { ignoreChanges: [RESTARTED_BY_HAND] },
  });
  const rollout = new RolloutCheck(server, 'rollout', {
    kind: 'StatefulSet',
    name: server.metadata.name,
    namespace: place.namespace,
    declared: server.specInput,
    minutes: START_LIMIT + MARGIN,
  });
  return { host: service.metadata.name, superuser, rollout, identity: claim.metadata.uid };
}

// The database: one volume, one pod, two services.

import { PersistentVolumeClaimV1 } from '@cdktf/provider-kubernetes/lib/persistent-volume-claim-v1';
import { ServiceV1 } from '@cdktf/provider-kubernetes/lib/service-v1';
import { StatefulSetV1 } from '@cdktf/provider-kubernetes/lib/stateful-set-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { databaseContainer, READY_COMMAND } from '../infra/core/database-container';
import { DATABASE, kubernetesLabels, selectorLabels } from '../infra/core/names';
import { PASSWORD_FILE, SECRET_FOLDER } from './password';
import { CONTAINER_SECURITY, podSecurity } from './pod-security';

export interface DatabaseProps {
  readonly config: DeployConfig;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly secretName: string;
}

const COMPONENT = 'database';

export class Database extends Construct {
  /** Host name inside the cluster, as a reference. */
  readonly host: string;
  readonly statefulSet: StatefulSetV1;

  constructor(scope: Construct, id: string, props: DatabaseProps) {
    super(scope, id);
    const { config, namespace } = props;
    const labels = kubernetesLabels(config, COMPONENT);
    const selector = selectorLabels(config, COMPONENT);
    const port = [{ name: 'postgres', port: DATABASE.port, targetPort: 'postgres' }];

    const claim = new PersistentVolumeClaimV1(this, 'volume', {
      metadata: { name: `${config.name}-data`, namespace, labels },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: `${config.diskGiB}Gi` } },
        ...(config.kubernetes.storageClass === ''
          ? {}
          : { storageClassName: config.kubernetes.storageClass }),
      },
      // Most classes bind a volume when its first pod is placed; waiting for that before the pod exists is a deadlock.
      waitUntilBound: false,
      lifecycle: { preventDestroy: config.protectData },
    });
    const peers = new ServiceV1(this, 'peers', {
      metadata: { name: `${config.name}-peers`, namespace, labels },
      spec: { clusterIp: 'None', publishNotReadyAddresses: true, selector, port },
    });
    const service = new ServiceV1(this, 'service', {
      metadata: { name: config.name, namespace, labels },
      spec: { type: 'ClusterIP', selector, port },
    });
    this.host = service.metadata.name;
    this.statefulSet = new StatefulSetV1(this, 'server', {
      metadata: { name: config.name, namespace, labels },
      spec: {
        serviceName: peers.metadata.name,
        // More replicas of this set would be as many separate databases, not a standby.
        replicas: '1',
        updateStrategy: [{ type: 'RollingUpdate', rollingUpdate: [{ partition: 0 }] }],
        selector: { matchLabels: selector },
        template: { metadata: { labels }, spec: serverPod(props, claim.metadata.name) },
      },
      waitForRollout: true,
      timeouts: { create: '15m', update: '15m' },
    });
  }
}

function serverPod({ config, serviceAccount, secretName }: DatabaseProps, claimName: string) {
  const { image, kubernetes } = config;
  const container = databaseContainer({ image, size: kubernetes.database, passwordFile: PASSWORD_FILE });
  const memory = `${kubernetes.database.memoryMiB}Mi`;
  const scratch = container.scratch.map((mountPath, index) => ({ name: `scratch-${index}`, mountPath }));
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // The image's stop signal asks for a fast shutdown, which still writes a checkpoint.
    terminationGracePeriodSeconds: 120,
    securityContext: podSecurity(image.uid, image.gid),
    container: [
      {
        name: 'timescaledb',
        image: container.image,
        args: [...container.args],
        env: Object.entries(container.env).map(([name, value]) => ({ name, value })),
        port: [{ name: 'postgres', containerPort: DATABASE.port }],
        // No CPU limit: it would throttle the server in the middle of a query.
        resources: { requests: { cpu: String(kubernetes.database.cpus), memory }, limits: { memory } },
        securityContext: CONTAINER_SECURITY,
        ...probes(),
        volumeMount: [
          { name: 'data', mountPath: image.dataMount },
          { name: 'password', mountPath: SECRET_FOLDER, readOnly: true },
          { name: 'shared-memory', mountPath: '/dev/shm' },
          ...scratch,
        ],
      },
    ],
    volume: [
      { name: 'data', persistentVolumeClaim: { claimName } },
      { name: 'password', secret: { secretName, defaultMode: '0440' } },
      { name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: `${container.sharedMemoryMiB}Mi` } },
      ...scratch.map(({ name }) => ({ name, emptyDir: { sizeLimit: '256Mi' } })),
    ],
  };
}

function probes() {
  const ready = [...READY_COMMAND];
  // 1 = "rejecting connections": recovering or shutting down, which a restart would only prolong.
  const alive = ['sh', '-c', `${READY_COMMAND.join(' ')}; [ $? -le 1 ]`];
  return {
    // 30 minutes: recovery after a crash may replay gigabytes of write-ahead log.
    startupProbe: { exec: { command: ready }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 360 },
    readinessProbe: { exec: { command: ready }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    livenessProbe: { exec: { command: alive }, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6 },
  };
}

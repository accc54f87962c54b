// The database: one volume, one pod, two services, and the superuser's password.
import { ServiceV1 } from '@cdktf/provider-kubernetes/lib/service-v1';
import { StatefulSetV1 } from '@cdktf/provider-kubernetes/lib/stateful-set-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { DATABASE, kubernetesLabels, selectorLabels } from '../infra/core/names';
import type { DatabaseAccess } from './database-access';
import { databasePod } from './database-pod';
import { DatabaseVolume } from './database-volume';
import { Password } from './password';
import { RESTARTED_BY_HAND } from './restarted-by-hand';
import { addServiceAccount } from './service-account';

export interface DatabaseProps {
  readonly config: DeployConfig;
  readonly namespace: string;
  /** What its volume needs: the storage class, when this deployment makes it. */
  readonly after: readonly ITerraformDependable[];
}

const COMPONENT = 'database';

// The server reads the superuser's password only at its first start. A higher number would change the Secret but not the
// server, and the schema Job, the only user of this password, could no longer make the logins.
const SUPERUSER_VERSION = 1;

export class Database extends Construct {
  readonly access: DatabaseAccess;

  constructor(scope: Construct, id: string, { config, namespace, after }: DatabaseProps) {
    super(scope, id);
    const labels = kubernetesLabels(config, COMPONENT);
    const selector = selectorLabels(config, COMPONENT);
    const port = [{ name: 'postgres', port: DATABASE.port, targetPort: 'postgres' }];
    const volume = new DatabaseVolume(this, 'volume', { config, namespace, after });
    const password = new Password(this, 'password', {
      config,
      namespace,
      login: 'superuser',
      version: SUPERUSER_VERSION,
    });

    const peers = new ServiceV1(this, 'peers', {
      metadata: { name: `${config.name}-peers`, namespace, labels },
      spec: { clusterIp: 'None', publishNotReadyAddresses: true, selector, port },
    });
    const service = new ServiceV1(this, 'service', {
      metadata: { name: config.name, namespace, labels },
      spec: { type: 'ClusterIP', selector, port },
    });
    const server = new StatefulSetV1(this, 'server', {
      metadata: { name: config.name, namespace, labels },
      spec: {
        // Kubernetes does not allow changes of this name or the selector, so no setting may influence them.
        serviceName: peers.metadata.name,
        selector: { matchLabels: selector },
        replicas: String(config.kubernetes.replicas),
        updateStrategy: [{ type: 'RollingUpdate', rollingUpdate: [{ partition: 0 }] }],
        template: {
          metadata: { labels },
          spec: databasePod({
            config,
            serviceAccount: addServiceAccount(this, { config, namespace, component: COMPONENT }),
            password,
            claimName: volume.claimName,
          }),
        },
      },
      waitForRollout: true,
      timeouts: { create: '15m', update: '15m' },
      lifecycle: { ignoreChanges: [RESTARTED_BY_HAND] },
    });
    this.access = {
      host: service.metadata.name,
      superuser: { secretName: password.secretName, key: password.key, user: DATABASE.superuser },
      ready: [server],
      identity: volume.identity,
    };
  }
}

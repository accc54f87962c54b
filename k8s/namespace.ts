// The namespace that holds the deployment, and the identity its pods run under.

import { NamespaceV1 } from '@cdktf/provider-kubernetes/lib/namespace-v1';
import { ServiceAccountV1 } from '@cdktf/provider-kubernetes/lib/service-account-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from '../infra/core/names';

export interface NamespaceProps {
  readonly config: DeployConfig;
}

/** Admission refuses any pod here that runs as root, keeps a capability or mounts the node. */
export class Namespace extends Construct {
  /** A reference, so that whatever uses the name is created after the namespace. */
  readonly namespace: string;
  readonly serviceAccount: string;

  constructor(scope: Construct, id: string, { config }: NamespaceProps) {
    super(scope, id);
    const labels = kubernetesLabels(config, 'namespace');
    const namespace = new NamespaceV1(this, 'namespace', {
      metadata: {
        name: config.name,
        labels: {
          ...labels,
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'latest',
          'pod-security.kubernetes.io/audit': 'restricted',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
      },
    });
    this.namespace = namespace.metadata.name;
    const account = new ServiceAccountV1(this, 'account', {
      metadata: { name: config.name, namespace: this.namespace, labels: kubernetesLabels(config, 'account') },
      // No pod of ours talks to the Kubernetes API.
      automountServiceAccountToken: false,
    });
    this.serviceAccount = account.metadata.name;
  }
}

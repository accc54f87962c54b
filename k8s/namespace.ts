// The namespace that holds the deployment.
import { NamespaceV1 } from '@cdktf/provider-kubernetes/lib/namespace-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from '../infra/core/names';

export interface NamespaceProps {
  readonly config: DeployConfig;
}

/** Kubernetes refuses any pod in it that runs as root, keeps capabilities or mounts folders of its node. */
export class Namespace extends Construct {
  /** A reference, so that everything that uses the name is created after the namespace. */
  readonly namespace: string;

  constructor(scope: Construct, id: string, { config }: NamespaceProps) {
    super(scope, id);
    const namespace = new NamespaceV1(this, 'namespace', {
      metadata: {
        name: config.name,
        labels: {
          ...kubernetesLabels(config, 'namespace'),
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'latest',
          'pod-security.kubernetes.io/audit': 'restricted',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
      },
      // Deleting it deletes everything in it, volumes included.
      lifecycle: { preventDestroy: config.protectData },
    });
    this.namespace = namespace.metadata.name;
  }
}

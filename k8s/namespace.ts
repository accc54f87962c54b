// The namespace that holds the deployment.
import { NamespaceV1 } from '@cdktf/provider-kubernetes/lib/namespace-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from './metadata';

/**
 * Kubernetes refuses any pod in it that runs as root, keeps capabilities or mounts folders of its node.
 * @returns reference to its name
 */
export function addNamespace(stack: Construct, config: DeployConfig, name = config.name): string {
  const namespace = new NamespaceV1(new Construct(stack, 'namespace'), 'namespace', {
    metadata: {
      name,
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
  return namespace.metadata.name;
}

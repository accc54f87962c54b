// The namespace that holds the deployment.
import { NamespaceV1 } from '@cdktf/provider-kubernetes/lib/namespace-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from './metadata';

export interface NamespaceProps {
  /** That of the deployment when it is left out. */
  readonly name?: string;
  /** Refuses pods below this level; "baseline" is for operators whose pods do not say all that "restricted" demands. */
  readonly enforce?: 'restricted' | 'baseline';
}

/**
 * Kubernetes refuses any pod in it that runs as root, keeps capabilities or mounts folders of its node. With "baseline" it
 * refuses those with privileges or folders of their node, and warns of the others.
 * @returns reference to its name
 */
export function addNamespace(
  stack: Construct,
  config: DeployConfig,
  { name = config.name, enforce = 'restricted' }: NamespaceProps = {},
): string {
  const namespace = new NamespaceV1(new Construct(stack, 'namespace'), 'namespace', {
    metadata: {
      name,
      labels: {
        ...kubernetesLabels(config, 'namespace'),
        'pod-security.kubernetes.io/enforce': enforce,
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

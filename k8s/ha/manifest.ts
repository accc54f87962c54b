// An object of an operator's own kind, which Kubernetes' provider has no class for.
import { Manifest } from '@cdktf/provider-kubernetes/lib/manifest';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import type { DeployConfig } from '../../infra/core/config';
import { kubernetesLabels } from '../../infra/core/names';

/** As `kubectl apply` would take it, but for namespace and labels. */
export interface KubernetesManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface OperatorObjectProps {
  readonly config: DeployConfig;
  /** A reference: the object comes after its namespace. */
  readonly namespace: string;
  /** database, pooler or backup. */
  readonly component: string;
  readonly manifest: KubernetesManifest;
  /** What has to be there before. */
  readonly after: readonly ITerraformDependable[];
}

/**
 * Terraform asks the cluster about the kind while it plans, so operator and namespace must be there by then; `manifest`
 * is what is asked for, and what the operator adds to it stays its own affair.
 */
export function addOperatorObject(
  scope: Construct,
  id: string,
  { config, namespace, component, manifest, after }: OperatorObjectProps,
): Manifest {
  return new Manifest(scope, id, {
    manifest: {
      ...manifest,
      metadata: { ...manifest.metadata, namespace, labels: kubernetesLabels(config, component) },
    },
    // Another hand that takes a field over is found at the next plan, not silently accepted.
    fieldManager: { name: 'terraform', forceConflicts: false },
    dependsOn: [...after],
  });
}

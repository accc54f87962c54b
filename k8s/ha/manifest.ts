// An object of a kind that the operator defines, for which the Kubernetes provider has no class.
import { Manifest } from '@cdktf/provider-kubernetes/lib/manifest';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import type { DeployConfig } from '../../infra/core/config';
import { kubernetesLabels } from '../../infra/core/names';

/** As for `kubectl apply`, but without namespace and labels. */
export interface KubernetesManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface OperatorObjectProps {
  readonly config: DeployConfig;
  /** A reference, so that the object is created after its namespace. */
  readonly namespace: string;
  /** database, pooler or backup. */
  readonly component: string;
  readonly manifest: KubernetesManifest;
  /** What must exist before. */
  readonly after: readonly ITerraformDependable[];
}

/**
 * Terraform looks up the kind in the cluster while it plans, so the operator must be installed by then. Terraform manages
 * only the fields in `manifest`, not those that the operator adds.
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
    // When something else takes over a field, the next plan reports it instead of silently accepting it.
    fieldManager: { name: 'terraform', forceConflicts: false },
    dependsOn: [...after],
  });
}

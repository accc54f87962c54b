// An object of a kind that the operator defines, for which the Kubernetes provider has no class.
import { Manifest } from '@cdktf/provider-kubernetes/lib/manifest';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import { metadata, type Place } from '../metadata';

export interface OperatorObject {
  /** Of the construct. */
  readonly id: string;
  /** Such as database, pooler or kafka. */
  readonly component: string;
  readonly name: string;
  /** These three as for `kubectl apply`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** In addition to those of every object. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What must exist before. */
  readonly after?: readonly ITerraformDependable[];
}

/**
 * Terraform looks up the kind in the cluster while it plans, so the operator must be installed by then. Terraform manages
 * only the fields in `spec`, not those that the operator adds.
 */
export function addOperatorObject(
  stack: Construct,
  place: Place,
  { id, component, name, apiVersion, kind, spec, annotations, labels, after = [] }: OperatorObject,
): Manifest {
  const common = metadata(place, component, name);
  return new Manifest(stack, id, {
    manifest: {
      apiVersion,
      kind,
      metadata: {
        ...common,
        labels: { ...common.labels, ...labels },
        ...(annotations === undefined ? {} : { annotations }),
      },
      spec,
    },
    // When something else takes over a field, the next plan reports it instead of silently accepting it.
    fieldManager: { name: 'terraform', forceConflicts: false },
    dependsOn: [...after],
  });
}

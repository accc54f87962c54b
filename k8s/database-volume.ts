// The volume of the database. Its claim is apart from the StatefulSet, whose own templates can never be edited.
import { PersistentVolumeClaimV1 } from '@cdktf/provider-kubernetes/lib/persistent-volume-claim-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from '../infra/core/names';
import { storageClassOf } from './storage-class';

export interface DatabaseVolumeProps {
  readonly config: DeployConfig;
  readonly namespace: string;
  /** The storage class, where this deployment makes it. */
  readonly after: readonly ITerraformDependable[];
}

/**
 * A higher `diskGiB` grows the volume in place where its class allows expansion. A lower one, like another storage
 * class, would be another and empty volume: no claim can shrink, so the provider would make a new one. `protectData`
 * refuses that while it plans, and names the claim.
 */
export class DatabaseVolume extends Construct {
  /** Name of the claim, as a reference. */
  readonly claimName: string;
  /** Another volume has another one. */
  readonly identity: string;

  constructor(scope: Construct, id: string, { config, namespace, after }: DatabaseVolumeProps) {
    super(scope, id);
    const claim = new PersistentVolumeClaimV1(this, 'claim', {
      metadata: { name: `${config.name}-data`, namespace, labels: kubernetesLabels(config, 'database') },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: `${config.diskGiB}Gi` } },
        ...storageClassOf(config),
      },
      // Most classes bind a volume when its first pod is placed; waiting for that before the pod exists is a deadlock.
      waitUntilBound: false,
      lifecycle: { preventDestroy: config.protectData },
      dependsOn: [...after],
    });
    this.claimName = claim.metadata.name;
    this.identity = claim.metadata.uid;
  }
}

// The volume of the database. Its claim is not part of the StatefulSet, whose claim templates cannot be edited.
import { PersistentVolumeClaimV1 } from '@cdktf/provider-kubernetes/lib/persistent-volume-claim-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from '../infra/core/names';
import { storageClassOf } from './storage-class';

export interface DatabaseVolumeProps {
  readonly config: DeployConfig;
  readonly namespace: string;
  /** The storage class, when this deployment makes it. */
  readonly after: readonly ITerraformDependable[];
}

/**
 * A higher `diskGiB` grows the volume in place, if its class allows expansion. A lower one, or another storage class,
 * would mean a new and empty volume, because a claim cannot shrink. With `protectData` the plan refuses that and names
 * the claim.
 */
export class DatabaseVolume extends Construct {
  /** Reference to the name of the claim. */
  readonly claimName: string;
  /** Differs for each volume. */
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
      // Most storage classes bind a volume when its first pod is scheduled, so waiting here would never end.
      waitUntilBound: false,
      lifecycle: { preventDestroy: config.protectData },
      dependsOn: [...after],
    });
    this.claimName = claim.metadata.name;
    this.identity = claim.metadata.uid;
  }
}

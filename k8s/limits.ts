// Limits what the namespace may use of the cluster to what this deployment needs.
import { LimitRangeV1 } from '@cdktf/provider-kubernetes/lib/limit-range-v1';
import { ResourceQuotaV1 } from '@cdktf/provider-kubernetes/lib/resource-quota-v1';
import { dependable, TerraformResource } from 'cdktf';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from '../infra/core/names';
import { quotaOf } from './quota';

export interface LimitsProps {
  readonly config: DeployConfig;
  /** Reference to the namespace. */
  readonly namespace: string;
}

/**
 * Belongs to the stack that makes the namespace, which is `kubernetes-ha` with `ha`, because there the quota must grow
 * before the parts that use it. After making it, call `precede` with all parts that have claims, services or pods.
 */
export class Limits extends Construct {
  private readonly quota: ResourceQuotaV1;

  constructor(scope: Construct, id: string, { config, namespace }: LimitsProps) {
    super(scope, id);
    const metadata = { name: config.name, namespace, labels: kubernetesLabels(config, 'limits') };
    const defaults = new LimitRangeV1(this, 'defaults', {
      metadata,
      spec: {
        limit: [
          {
            type: 'Container',
            // For containers without figures, such as those of an operator, whose pods the quota would refuse. There is
            // no default limit on processor time, because the database would get it too.
            defaultRequest: { cpu: '50m', memory: '64Mi' },
            default: { memory: '256Mi' },
          },
        ],
      },
    });
    this.quota = new ResourceQuotaV1(this, 'quota', {
      metadata,
      spec: { hard: quotaOf(config) },
      dependsOn: [defaults],
    });
  }

  /**
   * Makes these parts wait for the quota. Kubernetes refuses objects while a quota is still being computed, and a larger
   * workload needs the larger quota first. `node.addDependency` would not do: cdktf ignores it within a stack.
   */
  precede(...parts: readonly Construct[]): void {
    for (const resource of parts.flatMap((part) => part.node.findAll()))
      if (TerraformResource.isTerraformResource(resource))
        resource.dependsOn = [...(resource.dependsOn ?? []), dependable(this.quota)];
  }
}

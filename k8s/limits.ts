// What the namespace may ask of the cluster at most: what this deployment really uses, and nothing beside it.
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
 * Belongs to the stack that makes the namespace, hence to `kubernetes-ha` with `ha`: what grows there must find the
 * greater quota in place. Wire it, and then let it `precede` all parts with claims, services or pods.
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
            // For a container that says nothing, such as one of an operator: the quota would refuse its pod. No limit on
            // processor time, which the database would get too.
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
   * Has these parts wait for the quota: what is made while its figures are unknown is refused, and a workload that
   * grows must find it grown. `node.addDependency` would not do: cdktf turns it into nothing inside a stack.
   */
  precede(...parts: readonly Construct[]): void {
    for (const resource of parts.flatMap((part) => part.node.findAll()))
      if (TerraformResource.isTerraformResource(resource))
        resource.dependsOn = [...(resource.dependsOn ?? []), dependable(this.quota)];
  }
}

// Limits what the namespace may use of the cluster to what this deployment needs.
import { LimitRangeV1 } from '@cdktf/provider-kubernetes/lib/limit-range-v1';
import { ResourceQuotaV1 } from '@cdktf/provider-kubernetes/lib/resource-quota-v1';
import { dependable, TerraformResource } from 'cdktf';
import { Construct } from 'constructs';
import { metadata, type Place } from './metadata';
import { OUTPUT_MIB } from './pod-parts';
import { quantityOf } from './quantity';
import { quotaOf } from './quota';

/**
 * Belongs to the stack that makes the namespace, which is the one that makes the database, because there the quota must grow
 * before the parts that use it.
 * @param hard limits of the quota; those of the deployment when they are left out
 * @returns the quota, which all parts that have claims, services or pods wait for; see `startAfter`
 */
export function addLimits(stack: Construct, place: Place, hard = quotaOf(place.config)): ResourceQuotaV1 {
  const scope = new Construct(stack, 'limits');
  const named = metadata(place, 'limits', place.config.name);
  const disk = { 'ephemeral-storage': quantityOf(OUTPUT_MIB) };
  const defaults = new LimitRangeV1(scope, 'defaults', {
    metadata: named,
    spec: {
      limit: [
        {
          type: 'Container',
          // For containers without figures, such as those of an operator, whose pods the quota would refuse. There is
          // no default limit on processor time, because the database would get it too.
          defaultRequest: { cpu: '50m', memory: '64Mi', ...disk },
          default: { memory: '256Mi', ...disk },
        },
      ],
    },
  });
  return new ResourceQuotaV1(scope, 'quota', {
    metadata: named,
    spec: { hard },
    dependsOn: [defaults],
  });
}

/**
 * Makes parts of the stack, given by their ids, wait for the quota. Kubernetes refuses objects while a quota is still being
 * computed, and a larger workload needs the larger quota first. `node.addDependency` would not do: cdktf ignores it within a
 * stack.
 */
export function startAfter(quota: ResourceQuotaV1, stack: Construct, parts: readonly string[]): void {
  for (const resource of parts.flatMap((part) => stack.node.findChild(part).node.findAll()))
    if (TerraformResource.isTerraformResource(resource))
      resource.dependsOn = [...(resource.dependsOn ?? []), dependable(quota)];
}

// All pods that a stack makes, whatever makes them, in the form that rules look at.
import {
  type Attributes,
  allOf,
  blocks,
  only,
  type Resources,
  ruleForEach,
} from '../../../infra/core/testing/policy';

export interface Pod {
  /** Of the workload that makes it. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Attributes;
  /** Serves until it is told to stop, rather than run to an end. */
  readonly isServer: boolean;
  /** Of the workload: attributes below its `spec`. */
  readonly workload: Attributes;
}

/** Where each kind of workload has the template of its pods. A kind that is not here is refused by `KNOWN_KINDS`. */
const SERVERS = ['kubernetes_stateful_set_v1', 'kubernetes_deployment_v1', 'kubernetes_daemon_set_v1'];
const RUNS = ['kubernetes_job_v1', 'kubernetes_cron_job_v1'];

export const WORKLOADS: readonly string[] = [...SERVERS, ...RUNS];

export function podsOf(resources: Resources): readonly Pod[] {
  return WORKLOADS.flatMap((type) =>
    allOf(resources, type).map(([address, attributes]) => {
      const workload = only(attributes, 'spec');
      const template = only(only(only(workload, 'job_template'), 'spec', workload), 'template');
      return {
        address,
        workload,
        labels: labelsOf(template),
        spec: only(template, 'spec'),
        isServer: SERVERS.includes(type),
      };
    }),
  );
}

/** Those that run once before the others are among them. */
export function containersOf({ spec }: Pod): readonly Attributes[] {
  return [...blocks(spec, 'init_container'), ...blocks(spec, 'container')];
}

/** Labels in the metadata of a resource or template. */
export function labelsOf(attributes: Attributes): Readonly<Record<string, string>> {
  return (only(attributes, 'metadata').labels ?? {}) as Readonly<Record<string, string>>;
}

/** A rule that each pod keeps by itself. */
export const eachPod = ruleForEach((resources) => podsOf(resources).map((pod) => [pod.address, pod]));

/** A rule that each container keeps by itself, be it one that runs first or one that stays. */
export const eachContainer = ruleForEach((resources) =>
  podsOf(resources).flatMap((pod) =>
    containersOf(pod).map((container) => [`${pod.address}: ${String(container.name)}`, container]),
  ),
);

/** Whether all of `wanted` is among `labels`; nothing wanted selects everything. */
export function matches(wanted: unknown, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries((wanted ?? {}) as Record<string, string>).every(
    ([key, value]) => labels[key] === value,
  );
}

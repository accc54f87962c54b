// Rules about workloads and what goes with them: selectors, services, budgets, runs by the clock.
import {
  allOf,
  blocks,
  eachMust,
  only,
  type PolicyRule,
  type Resources,
  ruleForEach,
} from '../../../infra/core/testing/policy';
import { containersOf, eachPod, matches, type Pod, podsOf } from './pods';

const SERVICE = 'kubernetes_service_v1';

/** A rule that each service keeps by itself; it sees the pods that the service leads to. */
const eachServiceMust = ruleForEach((resources) =>
  allOf(resources, SERVICE).map(([address, service]) => {
    const spec = only(service, 'spec');
    return [address, { spec, pods: selected(resources, spec.selector) }];
  }),
);

export const WORKLOAD_POLICY: readonly PolicyRule[] = [
  eachPod(
    ['mismatching-selector'],
    'each workload selects the pods that it makes',
    ({ isServer, workload, labels }) => !isServer || matches(only(workload, 'selector').match_labels, labels),
  ),
  eachPod(
    [],
    'the pods of a server that has several are kept apart, each on a node of its own',
    ({ workload, spec }) =>
      Number(workload.replicas ?? 1) < 2 ||
      only(spec, 'affinity').pod_anti_affinity !== undefined ||
      blocks(spec, 'topology_spread_constraint').some(
        ({ topology_key }) => topology_key === 'kubernetes.io/hostname',
      ),
  ),
  eachServiceMust(
    ['dangling-service'],
    'each service leads to pods that the stack makes',
    ({ pods }) => pods.length > 0,
  ),
  eachServiceMust(
    ['invalid-target-ports'],
    'each port of a service is one that its pods have, and each name of a port is one',
    ({ spec, pods }) =>
      pods.every((pod) =>
        blocks(spec, 'port').every(({ target_port }) => portsOf(pod).includes(String(target_port))),
      ) && pods.flatMap(portsOf).every((name) => /^(?=.*[a-z0-9])[a-z0-9-]{1,15}$/.test(name)),
  ),
  eachMust(SERVICE, [], 'no service opens a port of the nodes or an address of the cloud', (service) =>
    ['ClusterIP', undefined].includes(only(service, 'spec').type as string),
  ),
  eachMust(
    'kubernetes_pod_disruption_budget_v1',
    ['pdb-max-unavailable', 'pdb-min-available'],
    'each budget lets at least one pod go',
    (budget) => {
      const { max_unavailable, min_available } = only(budget, 'spec');
      return Number(max_unavailable) >= 1 && min_available === undefined;
    },
  ),
  {
    ids: [],
    says: 'no budget holds on to the only pod of a server',
    find: (resources) =>
      allOf(resources, 'kubernetes_pod_disruption_budget_v1')
        .filter(([, budget]) =>
          selected(resources, only(only(budget, 'spec'), 'selector').match_labels).some(({ address }) =>
            address.startsWith('kubernetes_stateful_set_v1.'),
          ),
        )
        .map(([address]) => address),
  },
  eachMust(
    'kubernetes_cron_job_v1',
    [],
    'no run starts while the one before it goes on, and each has an end',
    (job) => {
      const spec = only(job, 'spec');
      const run = only(only(spec, 'job_template'), 'spec');
      return (
        spec.concurrency_policy === 'Forbid' &&
        Number(spec.starting_deadline_seconds) > 0 &&
        Number(run.active_deadline_seconds) > 0
      );
    },
  ),
  eachMust('kubernetes_ingress_v1', [], 'each name of an ingress is served with TLS', (ingress) => {
    const spec = only(ingress, 'spec');
    const covered = blocks(spec, 'tls').flatMap(({ hosts }) => hosts as readonly string[]);
    return blocks(spec, 'rule').every(({ host }) => covered.includes(String(host)));
  }),
];

function selected(resources: Resources, wanted: unknown): readonly Pod[] {
  return podsOf(resources).filter(({ labels }) => matches(wanted, labels));
}

function portsOf(pod: Pod): readonly string[] {
  return containersOf(pod).flatMap((container) => blocks(container, 'port').map(({ name }) => String(name)));
}

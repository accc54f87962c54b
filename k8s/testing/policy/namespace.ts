// Rules about the namespace, and about all that is in it.
import {
  type Attributes,
  allOf,
  eachMust,
  only,
  type PolicyRule,
  type Resources,
} from '../../../infra/core/testing/policy';
import { labelsOf, WORKLOADS } from './pods';

/** What the other rules look at; anything else could be a pod that none of them sees. */
const KNOWN_KINDS: readonly string[] = [
  ...WORKLOADS,
  ...['namespace_v1', 'storage_class_v1', 'priority_class_v1', 'limit_range_v1', 'resource_quota_v1'].map(
    ofProvider,
  ),
  ...['service_account_v1', 'secret_v1', 'config_map_v1', 'persistent_volume_claim_v1'].map(ofProvider),
  ...['network_policy_v1', 'service_v1', 'ingress_v1'].map(ofProvider),
  ...['pod_disruption_budget_v1', 'horizontal_pod_autoscaler_v2'].map(ofProvider),
  // Objects of an operator, whose pods its own rules are for.
  'kubernetes_manifest',
];

const OF_CLUSTER = ['namespace_v1', 'storage_class_v1', 'priority_class_v1', 'manifest'].map(ofProvider);

export const NAMESPACE_POLICY: readonly PolicyRule[] = [
  {
    ids: ['no-extensions-v1beta'],
    says: 'every resource is of a kind that these rules know, in its stable version',
    find: (resources) =>
      Object.keys(resources).filter((type) => type.startsWith('kubernetes_') && !KNOWN_KINDS.includes(type)),
  },
  {
    ids: ['CKV_K8S_21', 'KSV-0110'],
    says: 'nothing is in the default namespace',
    find: inDefaultNamespace,
  },
  {
    ids: [],
    says: 'the namespace refuses pods that are not restricted, and warns of them',
    find: permissiveNamespaces,
  },
  {
    ids: [],
    says: 'the namespace has an end to what it may ask of the cluster, and defaults for who says nothing',
    find: (resources) =>
      ['kubernetes_resource_quota_v1', 'kubernetes_limit_range_v1'].filter(
        (type) => allOf(resources, type).length === 0,
      ),
  },
  eachMust(
    'kubernetes_secret_v1',
    [],
    'no secret gets into state or plan: it is drawn while applying and only written',
    (secret) =>
      secret.data === undefined &&
      secret.binary_data === undefined &&
      Number.isInteger(secret.data_wo_revision) &&
      Object.entries(only(secret, 'data_wo')).every(([key, value]) => isDrawn(key, value)),
  ),
];

/** Pods of StackGres run without root and privileges, but do not say all of it: there, others are refused, and these warned of. */
function permissiveNamespaces(resources: Resources): readonly string[] {
  const isSharded = allOf(resources, 'kubernetes_manifest').some(
    ([, { manifest }]) => (manifest as { readonly kind?: string } | undefined)?.kind === 'SGShardedCluster',
  );
  const enforced = isSharded ? 'baseline' : 'restricted';
  return allOf(resources, 'kubernetes_namespace_v1')
    .filter(([, namespace]) =>
      Object.entries({ enforce: enforced, audit: 'restricted', warn: 'restricted' }).some(
        ([mode, level]) => labelsOf(namespace)[`pod-security.kubernetes.io/${mode}`] !== level,
      ),
    )
    .map(([address]) => address);
}

function ofProvider(kind: string): string {
  return `kubernetes_${kind}`;
}

function inDefaultNamespace(resources: Resources): readonly string[] {
  return Object.keys(resources)
    .filter((type) => type.startsWith('kubernetes_') && !OF_CLUSTER.includes(type))
    .flatMap((type) => allOf(resources, type))
    .filter(([, attributes]) => [undefined, '', 'default'].includes(namespaceOf(attributes)))
    .map(([address]) => address);
}

function namespaceOf(attributes: Attributes): string | undefined {
  return only(attributes, 'metadata').namespace as string | undefined;
}

// A name that goes with a password is no secret.
function isDrawn(key: string, value: unknown): boolean {
  return key === 'username' || /^\$\{ephemeral\.\w+\.\w+\.result\}$/.test(String(value));
}

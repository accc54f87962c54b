// Rules about what a pod may see and be.
import {
  type Attributes,
  allOf,
  blocks,
  eachMust,
  only,
  type PolicyRule,
  type Resources,
} from '../../../infra/core/testing/policy';
import { containersOf, eachPod, type Pod, podsOf } from './pods';

const ACCOUNT = 'kubernetes_service_account_v1';

export const POD_POLICY: readonly PolicyRule[] = [
  eachPod(
    ['CKV_K8S_17', 'CKV_K8S_18', 'C-0038', 'host-pid', 'host-ipc'],
    'no pod sees processes or shared memory of its node',
    ({ spec }) => spec.host_pid !== true && spec.host_ipc !== true,
  ),
  eachPod(
    ['CKV_K8S_19', 'C-0041', 'host-network'],
    'no pod is in the network of its node',
    ({ spec }) => spec.host_network !== true,
  ),
  eachPod(
    ['CKV_K8S_29', 'KSV-0012', 'KSV-0118', 'C-0013', 'run-as-non-root'],
    'each pod runs as a user and a group that are not root, and so does each of its containers',
    isNonRoot,
  ),
  eachPod(
    ['KSV-0030', 'KSV-0104', 'C-0055'],
    "each pod keeps to the runtime's list of system calls",
    hasSeccomp,
  ),
  eachPod(
    ['KSV-0023', 'docker-sock', 'sensitive-host-mounts'],
    'no pod mounts anything of its node',
    ({ spec }) => blocks(spec, 'volume').every(isOfCluster),
  ),
  eachPod(
    ['unsafe-sysctls'],
    'no pod changes settings of the kernel',
    ({ spec }) => only(spec, 'security_context').sysctl === undefined,
  ),
  eachPod(
    ['KSV-0036', 'C-0034'],
    'no pod gets a token for the Kubernetes API',
    ({ spec }) =>
      spec.automount_service_account_token === false &&
      !JSON.stringify(spec.volume ?? []).includes('service_account_token'),
  ),
  eachMust(
    ACCOUNT,
    [],
    'no account hands out a token by itself',
    ({ automount_service_account_token }) => automount_service_account_token === false,
  ),
  {
    ids: ['non-existent-service-account', 'deprecated-service-account-field'],
    says: 'each pod runs under an account that the stack makes',
    find: podsWithoutAccount,
  },
  {
    ids: [],
    says: 'no two workloads share an account',
    find: podsWithSharedAccount,
  },
  eachPod([], 'each scratch folder has a size that it cannot outgrow', ({ spec }) =>
    blocks(spec, 'volume').every((volume) =>
      blocks(volume, 'empty_dir').every(({ size_limit }) => typeof size_limit === 'string'),
    ),
  ),
];

function isNonRoot(pod: Pod): boolean {
  const context = only(pod.spec, 'security_context');
  return (
    context.run_as_non_root === true &&
    isNoRootId(context.run_as_user) &&
    isNoRootId(context.run_as_group) &&
    containersOf(pod)
      .map((container) => only(container, 'security_context'))
      .every(
        ({ run_as_non_root, run_as_user = 1, run_as_group = 1 }) =>
          run_as_non_root !== false && isNoRootId(run_as_user) && isNoRootId(run_as_group),
      )
  );
}

function isNoRootId(id: unknown): boolean {
  return Number(id) > 0;
}

function hasSeccomp(pod: Pod): boolean {
  const profileOf = (attributes: Attributes) =>
    only(only(attributes, 'security_context'), 'seccomp_profile').type;
  return (
    profileOf(pod.spec) === 'RuntimeDefault' &&
    containersOf(pod).every((container) =>
      [undefined, 'RuntimeDefault'].includes(profileOf(container) as string),
    )
  );
}

/** What the restricted level of pod security leaves, less what nobody here needs. */
const VOLUMES = ['secret', 'config_map', 'empty_dir', 'persistent_volume_claim', 'projected'];

function isOfCluster(volume: Attributes): boolean {
  return Object.keys(volume).every((key) => key === 'name' || VOLUMES.includes(key));
}

function podsWithoutAccount(resources: Resources): readonly string[] {
  const accounts = allOf(resources, ACCOUNT).map(([address]) => `\${${address}.metadata[0].name}`);
  return podsOf(resources)
    .filter(({ spec }) => !accounts.includes(String(spec.service_account_name)))
    .map(({ address }) => address);
}

function podsWithSharedAccount(resources: Resources): readonly string[] {
  const seen = new Set<unknown>();
  return podsOf(resources)
    .filter(({ spec }) => seen.size === seen.add(spec.service_account_name).size)
    .map(({ address }) => address);
}

// The tables for pods and what is in them.
import {
  many,
  maps,
  numbers,
  numbersOrTexts,
  octals,
  one,
  plain,
  renamed,
  type Shape,
  terraformOnly,
} from './shape';

export const METADATA: Shape = {
  ...plain('name', 'namespace', 'generate_name'),
  ...maps('labels', 'annotations'),
};

export const LABEL_SELECTOR: Shape = {
  ...maps('match_labels'),
  match_expressions: many(plain('key', 'operator', 'values'), 'matchExpressions'),
};

export const RESOURCES: Shape = maps('requests', 'limits');

const SECCOMP = one(plain('type', 'localhost_profile'));

const HTTP_GET: Shape = {
  ...plain('path', 'scheme', 'host'),
  ...numbersOrTexts('port'),
  http_header: many(plain('name', 'value')),
};

const ACTION: Shape = {
  exec: one(plain('command')),
  http_get: one(HTTP_GET),
  tcp_socket: one(numbersOrTexts('port')),
};

const PROBE = one({
  ...ACTION,
  grpc: one(plain('port', 'service')),
  ...plain('initial_delay_seconds', 'period_seconds', 'timeout_seconds'),
  ...plain('failure_threshold', 'success_threshold'),
});

const KEY = one(plain('name', 'key', 'optional'));

const ENV: Shape = {
  ...plain('name', 'value'),
  value_from: one({
    secret_key_ref: KEY,
    config_map_key_ref: KEY,
    field_ref: one(plain('api_version', 'field_path')),
    resource_field_ref: one(plain('container_name', 'resource', 'divisor')),
  }),
};

const CONTAINER: Shape = {
  ...plain('name', 'image', 'image_pull_policy', 'command', 'args', 'working_dir', 'restart_policy'),
  ...plain('termination_message_path', 'termination_message_policy'),
  env: many(ENV, 'env'),
  port: many({ ...plain('name', 'container_port', 'protocol', 'host_port'), host_ip: renamed('hostIP') }),
  resources: one(RESOURCES),
  security_context: one({
    ...plain('allow_privilege_escalation', 'privileged', 'read_only_root_filesystem', 'run_as_non_root'),
    ...numbers('run_as_user', 'run_as_group'),
    capabilities: one(plain('add', 'drop')),
    seccomp_profile: SECCOMP,
  }),
  startup_probe: PROBE,
  liveness_probe: PROBE,
  readiness_probe: PROBE,
  lifecycle: one({ post_start: one(ACTION), pre_stop: one(ACTION) }),
  volume_mount: many(plain('name', 'mount_path', 'read_only', 'sub_path', 'mount_propagation')),
};

const ITEMS = many({ ...plain('key', 'path'), ...octals('mode') }, 'items');

const VOLUME: Shape = {
  ...plain('name'),
  secret: one({ ...plain('secret_name', 'optional'), ...octals('default_mode'), items: ITEMS }),
  config_map: one({ ...plain('name', 'optional'), ...octals('default_mode'), items: ITEMS }),
  empty_dir: one(plain('medium', 'size_limit')),
  persistent_volume_claim: one(plain('claim_name', 'read_only')),
  projected: one({
    ...octals('default_mode'),
    sources: many(
      {
        secret: one({ ...plain('name', 'optional'), items: ITEMS }),
        config_map: one({ ...plain('name', 'optional'), items: ITEMS }),
        service_account_token: one(plain('audience', 'expiration_seconds', 'path')),
      },
      'sources',
    ),
  }),
};

const POD_AFFINITY_TERM: Shape = {
  ...plain('namespaces', 'topology_key'),
  label_selector: one(LABEL_SELECTOR),
};

const POD_AFFINITY = one({
  required_during_scheduling_ignored_during_execution: many(
    POD_AFFINITY_TERM,
    'requiredDuringSchedulingIgnoredDuringExecution',
  ),
  preferred_during_scheduling_ignored_during_execution: many(
    { ...plain('weight'), pod_affinity_term: one(POD_AFFINITY_TERM) },
    'preferredDuringSchedulingIgnoredDuringExecution',
  ),
});

const POD: Shape = {
  ...plain(
    'service_account_name',
    'automount_service_account_token',
    'enable_service_links',
    'restart_policy',
  ),
  ...plain('termination_grace_period_seconds', 'active_deadline_seconds', 'priority_class_name', 'node_name'),
  ...plain('hostname', 'subdomain', 'dns_policy', 'scheduler_name', 'runtime_class_name', 'host_network'),
  ...plain('share_process_namespace'),
  ...maps('node_selector'),
  host_ipc: renamed('hostIPC'),
  host_pid: renamed('hostPID'),
  security_context: one({
    ...plain('run_as_non_root', 'fs_group_change_policy', 'supplemental_groups'),
    ...numbers('run_as_user', 'run_as_group', 'fs_group'),
    seccomp_profile: SECCOMP,
    sysctl: many(plain('name', 'value')),
  }),
  container: many(CONTAINER),
  init_container: many(CONTAINER),
  volume: many(VOLUME),
  image_pull_secrets: many(plain('name'), 'imagePullSecrets'),
  toleration: many({ ...plain('key', 'operator', 'value', 'effect'), ...numbers('toleration_seconds') }),
  affinity: one({ pod_affinity: POD_AFFINITY, pod_anti_affinity: POD_AFFINITY }),
  topology_spread_constraint: many({
    ...plain('max_skew', 'topology_key', 'when_unsatisfiable', 'min_domains', 'match_label_keys'),
    ...plain('node_affinity_policy', 'node_taints_policy'),
    label_selector: one(LABEL_SELECTOR),
  }),
};

/** What a workload makes its pods from. */
export const POD_TEMPLATE: Shape = { metadata: one(METADATA), spec: one(POD) };

const CLAIM: Shape = {
  ...plain('access_modes', 'storage_class_name', 'volume_mode', 'volume_name'),
  resources: one(RESOURCES),
  selector: one(LABEL_SELECTOR),
};

/** A claim for a volume, by itself or as the template of one. */
export const VOLUME_CLAIM: Shape = {
  metadata: one(METADATA),
  spec: one(CLAIM),
  ...terraformOnly('wait_until_bound'),
};

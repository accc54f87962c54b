// What the Kubernetes API calls the attributes of Terraform's Kubernetes provider, and what it wants as their values.

/**
 * Every attribute that can be converted, in the order in which they are printed. An attribute that is missing is added
 * here and, unless the API has the same value under the same name in camel case, also to one of the tables below.
 */
export const KNOWN_ATTRIBUTES: readonly string[] = [
  // Objects of all kinds.
  'api_version kind metadata name namespace generate_name labels annotations',
  // Storage classes, limits, quotas, Secrets and ConfigMaps.
  'reclaim_policy volume_binding_mode allow_volume_expansion mount_options parameters storage_provisioner',
  'spec limit type default default_request max min max_limit_request_ratio hard scopes',
  'immutable data binary_data string_data',
  // Network policies.
  'policy_types match_labels match_expressions from ip_block cidr except namespace_selector pod_selector',
  'ingress egress to ports',
  // Volume claims.
  'access_modes storage_class_name volume_mode volume_name requests limits',
  // Services.
  'publish_not_ready_addresses session_affinity internal_traffic_policy external_name external_traffic_policy',
  'ip_families ip_family_policy load_balancer_class load_balancer_source_ranges',
  'allocate_load_balancer_node_ports',
  // Workloads and their scaling.
  'service_name revision_history_limit min_ready_seconds pod_management_policy rolling_update partition',
  'when_deleted when_scaled progress_deadline_seconds paused replicas max_surge max_unavailable min_available',
  'min_replicas max_replicas scale_target_ref metric average_utilization average_value',
  // Pods.
  'service_account_name automount_service_account_token image_pull_secret enable_service_links',
  'image image_pull_policy command args working_dir restart_policy',
  'termination_grace_period_seconds active_deadline_seconds priority_class_name node_name hostname subdomain',
  'dns_policy scheduler_name runtime_class_name host_network share_process_namespace node_selector',
  'host_ipc host_pid termination_message_path termination_message_policy',
  // Environment and ports of containers.
  'env secret_key_ref config_map_key_ref field_ref resource_field_ref field_path container_name',
  'key operator values container_port protocol end_port host_port host_ip',
  // Security contexts.
  'allow_privilege_escalation privileged read_only_root_filesystem run_as_non_root fs_group_change_policy',
  'supplemental_groups run_as_user run_as_group fs_group capabilities add drop seccomp_profile',
  'localhost_profile sysctl',
  // Probes, hooks, mounts and volumes.
  'exec http_get tcp_socket grpc initial_delay_seconds post_start pre_stop',
  'secret config_map empty_dir medium size_limit persistent_volume_claim claim_name projected',
  'mount_path read_only sub_path mount_propagation',
  'service_account_token audience expiration_seconds path scheme host mode',
  // Where pods may run.
  'pod_affinity required_during_scheduling_ignored_during_execution namespaces',
  'preferred_during_scheduling_ignored_during_execution weight pod_affinity_term pod_anti_affinity',
  'max_skew topology_key when_unsatisfiable min_domains match_label_keys node_affinity_policy',
  'node_taints_policy label_selector',
  // Jobs, and how fast pods are added and taken away.
  'schedule backoff_limit completions completion_mode parallelism manual_selector suspend',
  'ttl_seconds_after_finished pod_failure_policy action on_exit_codes on_pod_condition status',
  'resource divisor container_resource behavior scale_up scale_down stabilization_window_seconds select_policy policy',
  'value global_default description preemption_policy value_from period_seconds timeout_seconds',
  'failure_threshold success_threshold effect toleration_seconds',
  // The longer parts of specifications, which come last.
  'selector cluster_ip cluster_ips port node_port app_protocol target_port update_strategy resources',
  'persistent_volume_claim_retention_policy security_context container startup_probe http_header service',
  'liveness_probe readiness_probe lifecycle volume_mount init_container volume image_pull_secrets',
  'toleration affinity topology_spread_constraint strategy template volume_claim_template target',
  'concurrency_policy starting_deadline_seconds successful_jobs_history_limit failed_jobs_history_limit',
  'timezone job_template ingress_class_name default_backend number tls rule hosts',
  'secret_name optional default_mode items sources http path_type backend',
].flatMap((row) => row.split(' '));

/** Names that do not follow the rule. The rule is camel case, and one more `s` for a list unless it ends in one. */
export const RENAMED: Readonly<Record<string, string>> = {
  cluster_ip: 'clusterIP',
  cluster_ips: 'clusterIPs',
  env: 'env',
  from: 'from',
  host_ip: 'hostIP',
  host_ipc: 'hostIPC',
  host_pid: 'hostPID',
  policy: 'policies',
  preferred_during_scheduling_ignored_during_execution: 'preferredDuringSchedulingIgnoredDuringExecution',
  required_during_scheduling_ignored_during_execution: 'requiredDuringSchedulingIgnoredDuringExecution',
  storage_provisioner: 'provisioner',
  timezone: 'timeZone',
  to: 'to',
};

/** Blocks that the API has in a list. It has all other blocks once. */
export const LISTS: readonly string[] = [
  ...['container', 'init_container', 'env', 'port', 'volume_mount', 'volume', 'items', 'sources', 'sysctl'],
  ...['image_pull_secret', 'image_pull_secrets', 'toleration', 'topology_spread_constraint', 'http_header'],
  'preferred_during_scheduling_ignored_during_execution',
  'required_during_scheduling_ignored_during_execution',
  ...['match_expressions', 'ingress', 'egress', 'from', 'to', 'ports', 'limit', 'volume_claim_template'],
  ...['metric', 'policy', 'on_pod_condition', 'rule', 'path', 'tls'],
];

/** Records whose keys are data, such as labels and quantities. They are not translated. */
export const MAPS: readonly string[] = [
  ...['labels', 'annotations', 'match_labels', 'node_selector'],
  ...['parameters', 'data', 'binary_data', 'string_data'],
  ...['requests', 'limits', 'hard', 'default', 'default_request', 'max', 'min', 'max_limit_request_ratio'],
];

/** Texts of the provider that are whole numbers in the API. */
export const NUMBERS: readonly string[] = [
  ...['run_as_user', 'run_as_group', 'fs_group'],
  ...['replicas', 'toleration_seconds', 'ttl_seconds_after_finished'],
];

/** Texts of the provider that are numbers in the API, unless they are a name such as `http` or a share such as `25%`. */
export const NUMBERS_OR_TEXTS: readonly string[] = [
  ...['port', 'target_port', 'max_surge', 'max_unavailable', 'min_available'],
];

/** File modes such as `"0440"`. The API wants them as numbers, and JSON has no octal ones. */
export const MODES: readonly string[] = ['default_mode', 'mode'];

// The resource types that become manifests, in the order in which they are to be applied.
import { LABEL_SELECTOR, METADATA, POD_TEMPLATE, VOLUME_CLAIM } from './pod-shapes';
import { many, maps, numbers, numbersOrTexts, one, plain, renamed, type Shape, terraformOnly } from './shape';

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly shape: Shape;
}

/** Of every resource. */
const OF_TERRAFORM = terraformOnly(
  ...['depends_on', 'lifecycle', 'timeouts', 'provider', 'count', '//'],
  ...['wait_for_rollout', 'wait_for_completion'],
);

const PORTS = many({ ...plain('protocol', 'end_port'), ...numbersOrTexts('port') }, 'ports');

const PEER: Shape = {
  ip_block: one(plain('cidr', 'except')),
  namespace_selector: one(LABEL_SELECTOR),
  pod_selector: one(LABEL_SELECTOR),
};

const ROLLING = numbersOrTexts('max_surge', 'max_unavailable');

const JOB: Shape = {
  ...plain('active_deadline_seconds', 'backoff_limit', 'completions', 'completion_mode', 'parallelism'),
  ...plain('manual_selector', 'suspend'),
  ...numbers('ttl_seconds_after_finished'),
  pod_failure_policy: one({
    rule: many({
      ...plain('action'),
      on_exit_codes: one(plain('container_name', 'operator', 'values')),
      on_pod_condition: many(plain('type', 'status'), 'onPodConditions'),
    }),
  }),
  selector: one(LABEL_SELECTOR),
  template: one(POD_TEMPLATE),
};

const SCALING = one({
  ...plain('stabilization_window_seconds', 'select_policy'),
  policy: many(plain('type', 'value', 'period_seconds'), 'policies'),
});

const METRIC_TARGET = one(plain('type', 'average_utilization', 'average_value', 'value'));

const BACKEND = one({ service: one({ ...plain('name'), port: one(plain('name', 'number')) }) });

/** Whoever needs another comes later: accounts, Secrets and claims before pods, pods before what scales or schedules them. */
export const KINDS: Readonly<Record<string, Kind>> = {
  kubernetes_namespace_v1: kind('v1', 'Namespace', terraformOnly('wait_for_default_service_account')),
  kubernetes_storage_class_v1: kind('storage.k8s.io/v1', 'StorageClass', {
    ...plain('reclaim_policy', 'volume_binding_mode', 'allow_volume_expansion', 'mount_options'),
    ...maps('parameters'),
    storage_provisioner: renamed('provisioner'),
  }),
  kubernetes_priority_class_v1: kind(
    'scheduling.k8s.io/v1',
    'PriorityClass',
    plain('value', 'global_default', 'description', 'preemption_policy'),
  ),
  kubernetes_limit_range_v1: specKind('v1', 'LimitRange', {
    limit: many({
      ...plain('type'),
      ...maps('default', 'default_request', 'max', 'min', 'max_limit_request_ratio'),
    }),
  }),
  kubernetes_resource_quota_v1: specKind('v1', 'ResourceQuota', { ...maps('hard'), ...plain('scopes') }),
  kubernetes_service_account_v1: kind('v1', 'ServiceAccount', {
    ...plain('automount_service_account_token'),
    image_pull_secret: many(plain('name')),
  }),
  kubernetes_config_map_v1: kind('v1', 'ConfigMap', {
    ...plain('immutable'),
    ...maps('data', 'binary_data'),
  }),
  // Its content was left out before: see secret-content.ts.
  kubernetes_secret_v1: kind('v1', 'Secret', {
    ...plain('type', 'immutable'),
    ...maps('string_data'),
    ...terraformOnly('data_wo_revision', 'binary_data_wo_revision', 'wait_for_service_account_token'),
  }),
  kubernetes_network_policy_v1: specKind('networking.k8s.io/v1', 'NetworkPolicy', {
    ...plain('policy_types'),
    pod_selector: one(LABEL_SELECTOR),
    ingress: many({ from: many(PEER, 'from'), ports: PORTS }, 'ingress'),
    egress: many({ to: many(PEER, 'to'), ports: PORTS }, 'egress'),
  }),
  kubernetes_persistent_volume_claim_v1: kind('v1', 'PersistentVolumeClaim', VOLUME_CLAIM),
  kubernetes_service_v1: specKind('v1', 'Service', {
    ...plain('type', 'publish_not_ready_addresses', 'session_affinity', 'internal_traffic_policy'),
    ...plain('external_name', 'external_traffic_policy', 'ip_families', 'ip_family_policy'),
    ...plain('load_balancer_class', 'load_balancer_source_ranges', 'allocate_load_balancer_node_ports'),
    ...maps('selector'),
    cluster_ip: renamed('clusterIP'),
    cluster_ips: renamed('clusterIPs'),
    port: many({
      ...plain('name', 'port', 'protocol', 'node_port', 'app_protocol'),
      ...numbersOrTexts('target_port'),
    }),
    ...terraformOnly('wait_for_load_balancer'),
  }),
  kubernetes_stateful_set_v1: specKind('apps/v1', 'StatefulSet', {
    ...plain('service_name', 'revision_history_limit', 'min_ready_seconds', 'pod_management_policy'),
    ...numbers('replicas'),
    selector: one(LABEL_SELECTOR),
    update_strategy: one({ ...plain('type'), rolling_update: one(plain('partition')) }),
    persistent_volume_claim_retention_policy: one(plain('when_deleted', 'when_scaled')),
    template: one(POD_TEMPLATE),
    volume_claim_template: many(VOLUME_CLAIM),
  }),
  kubernetes_job_v1: specKind('batch/v1', 'Job', JOB),
  kubernetes_deployment_v1: specKind('apps/v1', 'Deployment', {
    ...plain('revision_history_limit', 'min_ready_seconds', 'progress_deadline_seconds', 'paused'),
    ...numbers('replicas'),
    selector: one(LABEL_SELECTOR),
    strategy: one({ ...plain('type'), rolling_update: one(ROLLING) }),
    template: one(POD_TEMPLATE),
  }),
  kubernetes_pod_disruption_budget_v1: specKind('policy/v1', 'PodDisruptionBudget', {
    ...numbersOrTexts('max_unavailable', 'min_available'),
    selector: one(LABEL_SELECTOR),
  }),
  kubernetes_horizontal_pod_autoscaler_v2: specKind('autoscaling/v2', 'HorizontalPodAutoscaler', {
    ...plain('min_replicas', 'max_replicas'),
    scale_target_ref: one(plain('api_version', 'kind', 'name')),
    metric: many({
      ...plain('type'),
      resource: one({ ...plain('name'), target: METRIC_TARGET }),
      container_resource: one({ ...plain('name', 'container'), target: METRIC_TARGET }),
    }),
    behavior: one({ scale_up: SCALING, scale_down: SCALING }),
  }),
  kubernetes_cron_job_v1: specKind('batch/v1', 'CronJob', {
    ...plain('schedule', 'suspend', 'concurrency_policy', 'starting_deadline_seconds'),
    ...plain('successful_jobs_history_limit', 'failed_jobs_history_limit'),
    timezone: renamed('timeZone'),
    job_template: one({ metadata: one(METADATA), spec: one(JOB) }),
  }),
  kubernetes_ingress_v1: specKind('networking.k8s.io/v1', 'Ingress', {
    ...plain('ingress_class_name'),
    default_backend: BACKEND,
    tls: many(plain('hosts', 'secret_name'), 'tls'),
    rule: many({
      ...plain('host'),
      http: one({ path: many({ ...plain('path', 'path_type'), backend: BACKEND }) }),
    }),
    ...terraformOnly('wait_for_load_balancer'),
  }),
};

function kind(apiVersion: string, name: string, shape: Shape): Kind {
  return { apiVersion, kind: name, shape: { metadata: one(METADATA), ...shape, ...OF_TERRAFORM } };
}

function specKind(apiVersion: string, name: string, { wait_for_load_balancer, ...spec }: Shape): Kind {
  return kind(apiVersion, name, {
    spec: one(spec),
    ...(wait_for_load_balancer === undefined ? {} : { wait_for_load_balancer }),
  });
}

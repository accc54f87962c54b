// The resource types that become manifests, and what kind of object of the Kubernetes API each one is.

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * In the order in which the objects are to be applied. An object comes after those that it needs: accounts, Secrets and
 * claims before pods, and pods before what scales or schedules them.
 */
export const KINDS: Readonly<Record<string, Kind>> = {
  kubernetes_namespace_v1: { apiVersion: 'v1', kind: 'Namespace' },
  kubernetes_storage_class_v1: { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' },
  kubernetes_priority_class_v1: { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass' },
  kubernetes_limit_range_v1: { apiVersion: 'v1', kind: 'LimitRange' },
  kubernetes_resource_quota_v1: { apiVersion: 'v1', kind: 'ResourceQuota' },
  kubernetes_service_account_v1: { apiVersion: 'v1', kind: 'ServiceAccount' },
  kubernetes_config_map_v1: { apiVersion: 'v1', kind: 'ConfigMap' },
  kubernetes_secret_v1: { apiVersion: 'v1', kind: 'Secret' },
  kubernetes_network_policy_v1: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  kubernetes_persistent_volume_claim_v1: { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  kubernetes_service_v1: { apiVersion: 'v1', kind: 'Service' },
  kubernetes_stateful_set_v1: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  kubernetes_job_v1: { apiVersion: 'batch/v1', kind: 'Job' },
  kubernetes_deployment_v1: { apiVersion: 'apps/v1', kind: 'Deployment' },
  kubernetes_pod_disruption_budget_v1: { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  kubernetes_horizontal_pod_autoscaler_v2: {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
  },
  kubernetes_cron_job_v1: { apiVersion: 'batch/v1', kind: 'CronJob' },
  kubernetes_ingress_v1: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
};

/** Attributes of a whole resource that are for Terraform only, such as time limits. They never reach the cluster. */
export const TERRAFORM_ONLY: readonly string[] = [
  ...['//', 'count', 'depends_on', 'lifecycle', 'provider', 'timeouts'],
  ...['data_wo_revision', 'binary_data_wo_revision'],
  ...[
    'wait_for_completion',
    'wait_for_default_service_account',
    'wait_for_load_balancer',
    'wait_for_rollout',
  ],
  ...['wait_for_service_account_token', 'wait_until_bound'],
];

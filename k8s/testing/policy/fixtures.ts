// Resources that keep every rule of the policy. breaks.ts changes them.
import type { Attributes, Resources } from '../../../infra/core/testing/policy';
import { DATABASE_CLIENT } from '../../metadata';

const NAMESPACE = `\${kubernetes_namespace_v1.x.metadata[0].name}`;
const CLIENT = { [DATABASE_CLIENT]: 'true' };

/** Reference to the account of a workload. */
export const accountOf = (component: string) =>
  `\${kubernetes_service_account_v1.${component}.metadata[0].name}`;
/** Of a resource that is in its namespace. */
export const metadata = (component: string) => ({
  name: component,
  namespace: NAMESPACE,
  labels: { component },
});

const DISK = { 'ephemeral-storage': '1Gi' };

function container(name: string): Attributes {
  return {
    name,
    image: 'example.org/tsdb:1.2.3',
    env: [{ name: 'PGPASSWORD_FILE', value: '/run/secrets/tsdb/password' }],
    port: [{ name: 'main', container_port: 5432 }],
    resources: {
      requests: { cpu: '100m', memory: '64Mi', ...DISK },
      limits: { memory: '64Mi', ...DISK },
    },
    security_context: {
      allow_privilege_escalation: false,
      privileged: false,
      read_only_root_filesystem: true,
      run_as_non_root: true,
      capabilities: { drop: ['ALL'] },
    },
    liveness_probe: { tcp_socket: { port: 'main' } },
    readiness_probe: { tcp_socket: { port: '5432' } },
    startup_probe: { exec: { command: ['true'] } },
  };
}

function template(component: string): Attributes {
  return {
    metadata: { labels: { component } },
    spec: {
      service_account_name: accountOf(component),
      automount_service_account_token: false,
      security_context: {
        run_as_non_root: true,
        run_as_user: '70',
        run_as_group: '70',
        seccomp_profile: { type: 'RuntimeDefault' },
      },
      init_container: [container('first')],
      container: [container('main')],
      volume: [
        { name: 'tmp', empty_dir: { size_limit: '64Mi' } },
        { name: 'password', secret: { secret_name: 'password' } },
      ],
      topology_spread_constraint: [{ topology_key: 'kubernetes.io/hostname' }],
    },
  };
}

const workload = (component: string, spec: Attributes): Attributes => ({
  metadata: metadata(component),
  spec: { selector: { match_labels: { component } }, template: template(component), ...spec },
});

const COMPONENTS = ['database', 'api', 'schema', 'backup'];

/** One resource or more of each type, as they must be. */
export const GOOD: Resources = {
  kubernetes_namespace_v1: {
    x: {
      metadata: {
        labels: Object.fromEntries(
          ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
        ),
      },
    },
  },
  kubernetes_limit_range_v1: { x: { metadata: metadata('limits') } },
  kubernetes_resource_quota_v1: { x: { metadata: metadata('limits') } },
  kubernetes_service_account_v1: Object.fromEntries(
    COMPONENTS.map((component) => [
      component,
      { metadata: metadata(component), automount_service_account_token: false },
    ]),
  ),
  kubernetes_secret_v1: {
    x: {
      metadata: metadata('password'),
      data_wo: { username: 'postgres', password: `\${ephemeral.random_password.app.result}` },
      data_wo_revision: 1,
    },
  },
  kubernetes_stateful_set_v1: { x: workload('database', { replicas: '1' }) },
  kubernetes_deployment_v1: { x: workload('api', { replicas: '2' }) },
  kubernetes_job_v1: { x: workload('schema', {}) },
  kubernetes_cron_job_v1: {
    x: {
      metadata: metadata('backup'),
      spec: {
        concurrency_policy: 'Forbid',
        starting_deadline_seconds: 300,
        job_template: { spec: { active_deadline_seconds: 300, template: template('backup') } },
      },
    },
  },
  kubernetes_service_v1: {
    x: {
      metadata: metadata('api'),
      spec: { type: 'ClusterIP', selector: { component: 'api' }, port: [{ port: 80, target_port: 'main' }] },
    },
  },
  kubernetes_pod_disruption_budget_v1: {
    x: {
      metadata: metadata('api'),
      spec: { max_unavailable: '1', selector: { match_labels: { component: 'api' } } },
    },
  },
  kubernetes_ingress_v1: {
    x: {
      metadata: metadata('api'),
      spec: { tls: [{ hosts: ['m.example.org'] }], rule: [{ host: 'm.example.org' }] },
    },
  },
  kubernetes_network_policy_v1: {
    deny: {
      metadata: metadata('network'),
      spec: { pod_selector: {}, policy_types: ['Ingress', 'Egress'] },
    },
    database: {
      metadata: metadata('network'),
      spec: {
        pod_selector: { match_labels: { component: 'database' } },
        policy_types: ['Ingress'],
        ingress: [
          { from: [{ pod_selector: { match_labels: CLIENT } }], ports: [{ port: '5432', protocol: 'TCP' }] },
        ],
      },
    },
    outside: {
      metadata: metadata('network'),
      spec: {
        pod_selector: { match_labels: { component: 'backup' } },
        policy_types: ['Egress'],
        egress: [
          {
            to: [
              { ip_block: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] } },
              { ip_block: { cidr: '10.0.0.0/8' } },
            ],
            ports: [{ port: '443', protocol: 'TCP' }],
          },
        ],
      },
    },
  },
};

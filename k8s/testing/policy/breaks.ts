// For each rule of the policy, changes of the good resources that break it and no other.
import { accountOf, metadata } from './fixtures';

/** What the rule says (its beginning), where in `GOOD` the value is that breaks it, and that value; none = taken away. */
export type Bad = readonly [rule: string, path: string, value?: unknown];

const NAMESPACED = 'kubernetes_namespace_v1.x.metadata.labels';
const DATABASE_POD = 'kubernetes_stateful_set_v1.x.spec.template.spec';
const API = 'kubernetes_deployment_v1.x.spec';
const API_POD = `${API}.template.spec`;
const JOB_POD = 'kubernetes_job_v1.x.spec.template.spec';
const BACKUP_POD = 'kubernetes_cron_job_v1.x.spec.job_template.spec.template.spec';
const SERVICE = 'kubernetes_service_v1.x.spec';
const BUDGET = 'kubernetes_pod_disruption_budget_v1.x.spec';
const SECRET = 'kubernetes_secret_v1.x';
const POLICIES = 'kubernetes_network_policy_v1';
const INGRESS = `${POLICIES}.database.spec.ingress.0`;
const EGRESS = `${POLICIES}.outside.spec.egress.0`;

const DATABASE_REACH = 'only clients of this namespace';
const EVERYWHERE = 'no rule leads everywhere';
const SECRET_IN_STATE = 'no secret gets into state';
const NON_ROOT = 'each pod runs as a user';
const IMAGE = 'each image has a version';
const DISK = "each container requests its share of the node's disk";
const OPEN_SECRET = 'no container has a secret';

export const BAD: readonly Bad[] = [
  ['every resource is of a kind', 'kubernetes_pod_v1', { x: { metadata: metadata('x') } }],
  ['every resource is of a kind', 'kubernetes_deployment', { x: { metadata: metadata('x') } }],
  ['nothing is in the default namespace', 'kubernetes_job_v1.x.metadata.namespace', 'default'],
  ['nothing is in the default namespace', 'kubernetes_secret_v1.x.metadata.namespace'],
  ['the namespace refuses pods', `${NAMESPACED}.pod-security\\.kubernetes\\.io/enforce`, 'baseline'],
  ['the namespace refuses pods', `${NAMESPACED}.pod-security\\.kubernetes\\.io/warn`],
  ['the namespace has an end', 'kubernetes_resource_quota_v1'],
  ['the namespace has an end', 'kubernetes_limit_range_v1'],
  [SECRET_IN_STATE, `${SECRET}.data`, { password: 'x' }],
  [SECRET_IN_STATE, `${SECRET}.data_wo.password`, `\${random_password.app.result}`],
  [SECRET_IN_STATE, `${SECRET}.data_wo_revision`],
  ['no pod sees processes', `${DATABASE_POD}.host_pid`, true],
  ['no pod sees processes', `${BACKUP_POD}.host_ipc`, true],
  ['no pod is in the network', `${JOB_POD}.host_network`, true],
  [NON_ROOT, `${API_POD}.security_context.run_as_non_root`, false],
  [NON_ROOT, `${BACKUP_POD}.security_context.run_as_user`],
  [NON_ROOT, `${JOB_POD}.security_context.run_as_group`, '0'],
  [NON_ROOT, `${DATABASE_POD}.init_container.0.security_context.run_as_user`, '0'],
  [NON_ROOT, `${BACKUP_POD}.container.0.security_context.run_as_non_root`, false],
  ['each pod keeps to the runtime', `${BACKUP_POD}.security_context.seccomp_profile`],
  [
    'each pod keeps to the runtime',
    `${API_POD}.container.0.security_context.seccomp_profile`,
    { type: 'Unconfined' },
  ],
  ['no pod mounts anything', `${DATABASE_POD}.volume.0`, { name: 'node', host_path: { path: '/' } }],
  ['no pod changes settings', `${API_POD}.security_context.sysctl`, [{ name: 'kernel.msgmax', value: '1' }]],
  ['no pod gets a token', `${BACKUP_POD}.automount_service_account_token`],
  [
    'no pod gets a token',
    `${API_POD}.volume.1`,
    { name: 'token', projected: { sources: [{ service_account_token: { path: 'token' } }] } },
  ],
  ['no account hands out', 'kubernetes_service_account_v1.api.automount_service_account_token'],
  ['each pod runs under an account', `${JOB_POD}.service_account_name`, 'default'],
  ['no two workloads share', `${API_POD}.service_account_name`, accountOf('database')],
  ['each scratch folder', `${BACKUP_POD}.volume.0.empty_dir.size_limit`],
  ['no container is privileged', `${JOB_POD}.init_container.0.security_context.privileged`, true],
  ['no container can gain', `${BACKUP_POD}.container.0.security_context.allow_privilege_escalation`],
  ['each container drops', `${JOB_POD}.container.0.security_context.capabilities.drop`, ['NET_RAW']],
  [
    'no container takes a capability',
    `${API_POD}.container.0.security_context.capabilities.add`,
    ['SYS_ADMIN'],
  ],
  ['no container can write', `${JOB_POD}.init_container.0.security_context.read_only_root_filesystem`, false],
  ['no container takes a port', `${DATABASE_POD}.container.0.port.0.host_port`, 5432],
  [
    'no container listens where SSH',
    `${JOB_POD}.container.0.port`,
    [{ name: 'main', container_port: 22 }, { container_port: 5432 }],
  ],
  [OPEN_SECRET, `${BACKUP_POD}.container.0.env.0`, { name: 'PGPASSWORD', value: 'hunter2' }],
  [
    OPEN_SECRET,
    `${API_POD}.container.0.env.0`,
    { name: 'X', value_from: { secret_key_ref: { name: 's', key: 'k' } } },
  ],
  [OPEN_SECRET, `${JOB_POD}.init_container.0.env_from`, [{ secret_ref: { name: 's' } }]],
  ['no variable of a container', `${API_POD}.container.0.env`, [{ name: 'A' }, { name: 'A' }]],
  [IMAGE, `${DATABASE_POD}.container.0.image`, 'timescale/timescaledb:latest'],
  [IMAGE, `${JOB_POD}.init_container.0.image`, 'registry.example.org:5000/tsdb'],
  ['each container requests its share', `${BACKUP_POD}.container.0.resources.requests.cpu`],
  ['each container requests its memory', `${JOB_POD}.init_container.0.resources.requests.memory`],
  ['each container has an end', `${API_POD}.container.0.resources.limits.memory`],
  [DISK, `${JOB_POD}.init_container.0.resources.requests.ephemeral-storage`],
  [DISK, `${JOB_POD}.init_container.0.resources.limits.ephemeral-storage`],
  ['the scratch folders of each pod', `${API_POD}.volume.0.empty_dir.size_limit`, '513Mi'],
  ['each server is started anew', `${API_POD}.container.0.liveness_probe`],
  ['each server is asked only', `${DATABASE_POD}.container.0.readiness_probe`],
  ['each probe asks at a port', `${API_POD}.container.0.startup_probe`, { http_get: { port: '5000' } }],
  ['each workload selects', `${API}.selector.match_labels`, { component: 'web' }],
  ['the pods of a server', `${API_POD}.topology_spread_constraint`],
  ['each service leads to pods', `${SERVICE}.selector`, { component: 'web' }],
  ['each port of a service', `${SERVICE}.port.0.target_port`, 'web'],
  ['no service opens a port', `${SERVICE}.type`, 'LoadBalancer'],
  ['each budget lets', `${BUDGET}.max_unavailable`, '0'],
  ['each budget lets', `${BUDGET}.min_available`, '2'],
  ['no budget holds on', `${BUDGET}.selector.match_labels`, { component: 'database' }],
  ['no run starts while', 'kubernetes_cron_job_v1.x.spec.concurrency_policy', 'Allow'],
  ['no run starts while', 'kubernetes_cron_job_v1.x.spec.job_template.spec.active_deadline_seconds'],
  ['each name of an ingress', 'kubernetes_ingress_v1.x.spec.tls'],
  ['every pod is denied', `${POLICIES}.deny.spec.policy_types`, ['Ingress']],
  ['every pod is denied', `${POLICIES}.deny.spec.pod_selector`, { match_labels: { component: 'api' } }],
  [DATABASE_REACH, `${INGRESS}.from`],
  [DATABASE_REACH, `${INGRESS}.from.0`, { pod_selector: {} }],
  [DATABASE_REACH, `${INGRESS}.from.0.namespace_selector`, {}],
  [DATABASE_REACH, `${INGRESS}.ports.0.end_port`, 6000],
  [
    DATABASE_REACH,
    `${POLICIES}.outside.spec`,
    {
      pod_selector: {},
      policy_types: ['Ingress'],
      ingress: [{ from: [{ pod_selector: {} }], ports: [{ port: '5432' }] }],
    },
  ],
  [EVERYWHERE, `${EGRESS}.to`],
  [EVERYWHERE, `${EGRESS}.to.0.ip_block.except`],
  [EVERYWHERE, `${EGRESS}.to.1.ip_block.cidr`, '169.254.0.0/16'],
  [EVERYWHERE, `${EGRESS}.to.1.ip_block.cidr`, '::/0'],
  ['each rule names its ports', `${EGRESS}.ports`],
];

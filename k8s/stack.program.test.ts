import { image } from '../infra/app-image.json';
import { SETTINGS } from '../infra/core/settings';
import { addresses, type SynthesisedStack } from '../infra/core/testing/synthesise';
import { DEPLOYMENTS, type Env, synthesiseKubernetes } from './testing/deployments';

const EVERY_OPTION = DEPLOYMENTS['every option'];
const HA = DEPLOYMENTS['a replicating database'];

describe('the kubernetes stack', () => {
  const stack = synthesiseKubernetes();

  it('keeps its Terraform addresses', () => {
    expect(addresses(stack)).toMatchInlineSnapshot(`
      [
        "kubernetes_cron_job_v1.backup_job_095E9644",
        "kubernetes_cron_job_v1.health_job_0FC17A73",
        "kubernetes_deployment_v1.api_server_CE411240",
        "kubernetes_horizontal_pod_autoscaler_v2.scaling_autoscaler_E0C52692",
        "kubernetes_job_v1.schema_job_309E6362",
        "kubernetes_limit_range_v1.limits_defaults_B4956AB7",
        "kubernetes_namespace_v1.namespace_67941C3A",
        "kubernetes_network_policy_v1.network_api_AE224DBF",
        "kubernetes_network_policy_v1.network_database-clients_039FB1E1",
        "kubernetes_network_policy_v1.network_database_13AE05D2",
        "kubernetes_network_policy_v1.network_default-deny_17806C01",
        "kubernetes_network_policy_v1.network_dns_0230592B",
        "kubernetes_persistent_volume_claim_v1.backup_volume_6233DCA5",
        "kubernetes_persistent_volume_claim_v1.database_volume_claim_814A4C5F",
        "kubernetes_pod_disruption_budget_v1.scaling_budget_F38FE5C6",
        "kubernetes_resource_quota_v1.limits_quota_6C543B60",
        "kubernetes_secret_v1.database_password_secret_F2F08837",
        "kubernetes_secret_v1.passwords_app_secret_AF55F226",
        "kubernetes_secret_v1.passwords_backup_secret_03C4B7FA",
        "kubernetes_secret_v1.passwords_monitoring_secret_559C57E6",
        "kubernetes_secret_v1.passwords_owner_secret_C9F71BA2",
        "kubernetes_service_account_v1.api_account_3AA7F073",
        "kubernetes_service_account_v1.backup_account_1273C60F",
        "kubernetes_service_account_v1.database_account_82AA1A86",
        "kubernetes_service_account_v1.health_account_C72A5D5E",
        "kubernetes_service_account_v1.schema_account_8D9CE6BC",
        "kubernetes_service_v1.api_service_298EA376",
        "kubernetes_service_v1.database_peers_FCF1A5D8",
        "kubernetes_service_v1.database_service_17B89FAB",
        "kubernetes_stateful_set_v1.database_server_8BFC5013",
        "terraform_data.api_rollout_D40217DD",
        "terraform_data.database_rollout_695A4E73",
        "terraform_data.schema_rollout_538575AA",
      ]
    `);
  });

  it('has a storage class and an ingress where the settings ask for them', () => {
    const more = addresses(synthesiseKubernetes(EVERY_OPTION)).filter(
      (address) => !addresses(stack).includes(address),
    );
    expect(more).toMatchInlineSnapshot(`
      [
        "kubernetes_ingress_v1.ingress_5C580050",
        "kubernetes_network_policy_v1.network_certificate-proof_55E0930B",
        "kubernetes_storage_class_v1.storage_class_124E3619",
      ]
    `);
  });

  it('leaves namespace and database to the other stack where they replicate', () => {
    const less = addresses(stack).filter((address) => !addresses(synthesiseKubernetes(HA)).includes(address));
    expect(less).toMatchInlineSnapshot(`
      [
        "kubernetes_limit_range_v1.limits_defaults_B4956AB7",
        "kubernetes_namespace_v1.namespace_67941C3A",
        "kubernetes_persistent_volume_claim_v1.database_volume_claim_814A4C5F",
        "kubernetes_resource_quota_v1.limits_quota_6C543B60",
        "kubernetes_secret_v1.database_password_secret_F2F08837",
        "kubernetes_service_account_v1.database_account_82AA1A86",
        "kubernetes_service_v1.database_peers_FCF1A5D8",
        "kubernetes_service_v1.database_service_17B89FAB",
        "kubernetes_stateful_set_v1.database_server_8BFC5013",
        "terraform_data.database_rollout_695A4E73",
      ]
    `);
  });

  it('gives the same bytes twice', () => {
    // An empty variable is an unset one, and asks for a synthesis of its own.
    const again = synthesiseKubernetes({ TSDB_DEPLOY_NAME: '' });
    expect(again).not.toBe(stack);
    expect(again.text).toBe(stack.text);
  });

  it('takes nothing out of a namespace that protects its data', () => {
    const types = [
      'kubernetes_namespace_v1',
      'kubernetes_persistent_volume_claim_v1',
      'kubernetes_secret_v1',
    ] as const;
    for (const type of types) {
      for (const lifecycle of lifecyclesOf(stack, type)) expect(lifecycle).toEqual({ prevent_destroy: true });
      const unprotected = synthesiseKubernetes({
        TSDB_DEPLOY_PROTECT_DATA: 'false',
      });
      for (const lifecycle of lifecyclesOf(unprotected, type))
        expect(lifecycle).toEqual({ prevent_destroy: false });
    }
  });

  it('pulls images with a login only where there is one', () => {
    const secretsOf = (env: Env) =>
      Object.values(synthesiseKubernetes(env).resource.kubernetes_service_account_v1 ?? {}).map(
        (account) => (account as { readonly image_pull_secret?: unknown }).image_pull_secret,
      );
    expect(new Set(secretsOf({}))).toEqual(new Set([undefined]));
    for (const secret of secretsOf({ TSDB_DEPLOY_PULL_SECRET: 'registry' }))
      expect(secret).toEqual([{ name: 'registry' }]);
  });

  it('asks for the image in its own stack only, when it is deployed', () => {
    expect(stack.variable).toEqual({
      app_image: expect.objectContaining({
        default: image,
        validation: [
          expect.objectContaining({
            error_message: expect.stringContaining('Set TSDB_APP_IMAGE'),
          }),
        ],
      }),
    });
  });

  it('grows no volume and no load before the quota has grown', () => {
    const quota = addresses(stack).find((address) => address.startsWith('kubernetes_resource_quota_v1.'));
    for (const type of [
      'kubernetes_stateful_set_v1',
      'kubernetes_job_v1',
      'kubernetes_deployment_v1',
      'kubernetes_cron_job_v1',
      'kubernetes_persistent_volume_claim_v1',
    ])
      for (const resource of Object.values(stack.resource[type] ?? {}))
        expect((resource as { readonly depends_on: readonly string[] }).depends_on).toContain(quota);
  });
});

describe('the outputs of the kubernetes stack', () => {
  const commands = (env = {}) =>
    Object.fromEntries(
      Object.entries(synthesiseKubernetes(env).output).map(([name, { value }]) => [
        name,
        value.replace(/\$\{\w+\.\w+?_(\w+)_[0-9A-F]{8}\.metadata\[0\]\.name\}/g, '<$1>'),
      ]),
    );

  it('are the next steps, and no secret', () => {
    expect(commands()).toMatchInlineSnapshot(`
      {
        "api_tunnel": "kubectl --namespace \${kubernetes_namespace_v1.namespace_67941C3A.metadata[0].name} port-forward service/<service> 5000:80",
        "database_tunnel": "kubectl --namespace \${kubernetes_namespace_v1.namespace_67941C3A.metadata[0].name} port-forward service/<service> 5432:5432",
        "first_key": "kubectl --namespace \${kubernetes_namespace_v1.namespace_67941C3A.metadata[0].name} exec deployment/<server> --container api -- tsdb keys create --name me --role admin",
        "owner_password": "kubectl --namespace \${kubernetes_namespace_v1.namespace_67941C3A.metadata[0].name} get secret <owner_secret> --output go-template='{{index .data "password" | base64decode}}'",
        "rollout": "\${jsonencode({"namespace" = kubernetes_namespace_v1.namespace_67941C3A.metadata[0].name, "targets" = [{"kind" = "StatefulSet", "name" = kubernetes_stateful_set_v1.database_server_8BFC5013.metadata[0].name, "seconds" = 3000}, {"kind" = "Job", "name" = kubernetes_job_v1.schema_job_309E6362.metadata[0].name, "seconds" = 2100}, {"kind" = "Deployment", "name" = kubernetes_deployment_v1.api_server_CE411240.metadata[0].name, "seconds" = 1800}]})}",
        "schema_log": "kubectl --namespace \${kubernetes_namespace_v1.namespace_67941C3A.metadata[0].name} logs job/<job> --all-containers --prefix",
        "status": "kubectl --namespace \${kubernetes_namespace_v1.namespace_67941C3A.metadata[0].name} get statefulsets,deployments,jobs,cronjobs,pods,persistentvolumeclaims",
        "superuser_password": "kubectl --namespace \${kubernetes_namespace_v1.namespace_67941C3A.metadata[0].name} get secret <password_secret> --output go-template='{{index .data "password" | base64decode}}'",
      }
    `);
    expect(JSON.stringify(commands())).not.toContain('random_password');
  });

  it('name the address of an ingress', () => {
    expect(commands(EVERY_OPTION).api_url).toBe('https://m.example.org');
  });
});

describe('every setting of the kubernetes stack', () => {
  it('has its place in an environment, but for what differs from run to run', () => {
    const without = SETTINGS.filter((setting) => 'variableOnly' in setting).map(({ name }) => name);
    expect(without).toMatchInlineSnapshot(`
      [
        "TSDB_DEPLOY_NAME",
        "TSDB_DEPLOY_ENVIRONMENT",
        "TSDB_DEPLOY_DB_IMAGE",
        "TSDB_DEPLOY_STATE_ACCOUNT",
        "TSDB_DEPLOY_STATE_CONTAINER",
        "TSDB_DEPLOY_ALLOW",
        "TSDB_DEPLOY_SSH_PUBLIC_KEY",
        "TSDB_DEPLOY_HA_RESTORE_FROM",
        "TSDB_DEPLOY_HA_RESTORE_TIME",
      ]
    `);
  });
});

function lifecyclesOf({ resource }: SynthesisedStack, type: string): readonly unknown[] {
  return Object.values(resource[type] ?? {}).map((one) => (one as { lifecycle: unknown }).lifecycle);
}

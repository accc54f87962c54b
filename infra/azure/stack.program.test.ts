import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { itUnless } from '../../db/local/testing/needs';
import { AZURE_PARTS } from '../core/settings/azure';
import { addresses } from '../core/testing/synthesise';
import { hasTerraform, terraform, withConfiguration } from '../core/testing/terraform';
import { EVERYTHING, PRIVATE, synthesiseAgain, synthesiseAzure } from './testing/azure-stack';

const itWithTerraform = itUnless(hasTerraform ? undefined : 'terraform is not on PATH');

const OPEN = {
  TSDB_DEPLOY_SSH_CIDRS: '198.51.100.0/24',
  TSDB_DEPLOY_API_CIDRS: '0.0.0.0/0',
};
const dev = synthesiseAzure();

describe('the azure stack', () => {
  it('keeps its Terraform addresses in environment dev', () => {
    expect(addresses(dev)).toMatchInlineSnapshot(`
      [
        "azurerm_key_vault.vault_BBE00A92",
        "azurerm_key_vault_secret.secrets_app_96A2CC20",
        "azurerm_key_vault_secret.secrets_backup_E0D33924",
        "azurerm_key_vault_secret.secrets_monitoring_E5BC42D8",
        "azurerm_key_vault_secret.secrets_owner_CB167C0F",
        "azurerm_key_vault_secret.secrets_postgres_3F82B1CE",
        "azurerm_key_vault_secret.secrets_repository_3948E56B",
        "azurerm_linux_virtual_machine.database_machine_57DEC0DF",
        "azurerm_log_analytics_workspace.monitoring_workspace_4A3C9399",
        "azurerm_managed_disk.data_disk_0176EF1A",
        "azurerm_monitor_action_group.alerts_group_2673A6EB",
        "azurerm_monitor_activity_log_alert.alerts_machine-health_98476C6F",
        "azurerm_monitor_data_collection_rule.monitoring_rule_B39100EE",
        "azurerm_monitor_data_collection_rule_association.monitoring_rule-on-machine_EF8B570A",
        "azurerm_monitor_diagnostic_setting.monitoring_blob-audit_EEFD4526",
        "azurerm_monitor_diagnostic_setting.monitoring_vault-audit_E23F2F8E",
        "azurerm_monitor_metric_alert.alerts_machine-down_776D1625",
        "azurerm_monitor_scheduled_query_rules_alert_v2.alerts_disk-fills_BE9930E8",
        "azurerm_monitor_scheduled_query_rules_alert_v2.alerts_machine-reports_475E252C",
        "azurerm_monitor_scheduled_query_rules_alert_v2.alerts_no-backup_C1C8448F",
        "azurerm_monitor_scheduled_query_rules_alert_v2.alerts_passwords-expire_FE40F71C",
        "azurerm_network_interface.network_interface_C1CD7D11",
        "azurerm_network_security_group.network_rules_3232D771",
        "azurerm_public_ip.network_address_9CA4EAAD",
        "azurerm_resource_group.group",
        "azurerm_role_assignment.access_reads-app_C225B9C1",
        "azurerm_role_assignment.access_reads-backup_2B18BB66",
        "azurerm_role_assignment.access_reads-bundles_4C0933E7",
        "azurerm_role_assignment.access_reads-monitoring_2D2FF2C7",
        "azurerm_role_assignment.access_reads-owner_44350A1D",
        "azurerm_role_assignment.access_reads-postgres_9357EFFB",
        "azurerm_role_assignment.access_reads-repository_9E4DA9F5",
        "azurerm_role_assignment.access_writes-backups_89EF395E",
        "azurerm_role_assignment.access_writes-dumps_7A9E48EB",
        "azurerm_role_assignment.storage_deployer-writes_7DEBA48E",
        "azurerm_role_assignment.vault_deployer-writes_3460DE3F",
        "azurerm_storage_account.storage_account_E377CD4D",
        "azurerm_storage_blob.rollout_blob_229831A5",
        "azurerm_storage_container.storage_backups_C178DD97",
        "azurerm_storage_container.storage_bundles_C3246181",
        "azurerm_storage_container.storage_dumps_E7C024D6",
        "azurerm_storage_management_policy.storage_old-versions_704B2B56",
        "azurerm_subnet.network_subnet_E45498CD",
        "azurerm_subnet_network_security_group_association.network_rules-on-subnet_236D46FF",
        "azurerm_virtual_machine_data_disk_attachment.data_attachment_52DFB729",
        "azurerm_virtual_machine_extension.monitoring_agent_6873C4EA",
        "azurerm_virtual_machine_run_command.rollout_run_2D46422D",
        "azurerm_virtual_network.network_C8AC2FB3",
        "terraform_data.secrets_cipher-expiry_0FAE5AF1",
        "terraform_data.secrets_password-expiry_B92A1FA4",
      ]
    `);
  });

  it('adds to them in environment prod', () => {
    const prod = addresses(synthesiseAzure({ TSDB_DEPLOY_ENVIRONMENT: 'prod' }));
    expect(addresses(dev).filter((address) => !prod.includes(address))).toEqual([]);
    expect(prod.filter((address) => !addresses(dev).includes(address))).toMatchInlineSnapshot(`
      [
        "azurerm_maintenance_assignment_virtual_machine.maintenance_assignment_6677A6CC",
        "azurerm_maintenance_configuration.maintenance_window_447D8B14",
        "azurerm_management_lock.locks_disk_F9E5D386",
        "azurerm_management_lock.locks_storage_3238FCBE",
        "azurerm_management_lock.locks_vault_E2FEF7DB",
        "azurerm_storage_container_immutability_policy.storage_dumps-stay_2D800FA1",
      ]
    `);
  });

  it('adds to them with every optional part', () => {
    const full = addresses(synthesiseAzure(EVERYTHING));
    expect(addresses(dev).filter((address) => !full.includes(address))).toEqual([]);
    expect(full.filter((address) => !addresses(dev).includes(address))).toMatchInlineSnapshot(`
      [
        "azurerm_backup_policy_vm.recovery_policy_ADC72768",
        "azurerm_backup_protected_vm.recovery_protected_3BAB9591",
        "azurerm_bastion_host.bastion_host_8C3CC7D0",
        "azurerm_consumption_budget_resource_group.budget_16939279",
        "azurerm_disk_encryption_set.keys_disks_CA96F76A",
        "azurerm_key_vault_key.keys_disk-key_FE2A209C",
        "azurerm_key_vault_key.keys_storage-key_629C7F43",
        "azurerm_maintenance_assignment_virtual_machine.maintenance_assignment_6677A6CC",
        "azurerm_maintenance_configuration.maintenance_window_447D8B14",
        "azurerm_management_lock.locks_disk_F9E5D386",
        "azurerm_management_lock.locks_storage_3238FCBE",
        "azurerm_management_lock.locks_vault_E2FEF7DB",
        "azurerm_nat_gateway.network_exit_D2F1FCD4",
        "azurerm_nat_gateway_public_ip_association.network_exit-has-address_79ED7842",
        "azurerm_network_security_group.endpoints_rules_BBD4F69C",
        "azurerm_private_dns_zone.endpoints_blob-names_D9AEE556",
        "azurerm_private_dns_zone.endpoints_vault-names_39D5232B",
        "azurerm_private_dns_zone_virtual_network_link.endpoints_blob-names-in-network_9DF70665",
        "azurerm_private_dns_zone_virtual_network_link.endpoints_vault-names-in-network_F3E391A3",
        "azurerm_private_endpoint.endpoints_blob-endpoint_9FD1E17B",
        "azurerm_private_endpoint.endpoints_vault-endpoint_507F6DEF",
        "azurerm_public_ip.bastion_address_2008674A",
        "azurerm_public_ip.network_exit-address_EE37616C",
        "azurerm_recovery_services_vault.recovery_vault_39C4FFF6",
        "azurerm_role_assignment.keys_deployer-makes-keys_B299C7E8",
        "azurerm_role_assignment.keys_disks-uses-keys_565FC69D",
        "azurerm_role_assignment.keys_storage-uses-keys_BF9E6661",
        "azurerm_storage_account_customer_managed_key.keys_storage_2C863D2F",
        "azurerm_storage_container_immutability_policy.storage_dumps-stay_2D800FA1",
        "azurerm_subnet.bastion_subnet_9B6B37D6",
        "azurerm_subnet.endpoints_subnet_1557A1D3",
        "azurerm_subnet_nat_gateway_association.network_exit-of-subnet_9F5AEAAF",
        "azurerm_subnet_network_security_group_association.endpoints_rules-on-subnet_D0E7BED2",
      ]
    `);
  });

  it('gives the same bytes twice', () => {
    expect(synthesiseAzure(EVERYTHING).text).toBe(synthesiseAgain(EVERYTHING).text);
  });

  it.each(AZURE_PARTS)('adds something for part %s, and for nothing else', (part) => {
    const extra = addresses(synthesiseAzure({ TSDB_DEPLOY_PARTS: part })).length - addresses(dev).length;
    expect(extra).toBeGreaterThan(0);
  });

  it('tags all that can carry tags, with tags of the operator among them', () => {
    const { resource } = synthesiseAzure({
      ...EVERYTHING,
      TSDB_DEPLOY_NAME: 'plant',
      TSDB_DEPLOY_TAGS: 'owner=ops',
    });
    const tags = Object.values(resource)
      .flatMap((all) => Object.values(all))
      .map((attributes) => (attributes as { tags?: unknown }).tags)
      .filter((given) => given !== undefined);
    expect(tags.length).toBeGreaterThan(20);
    for (const given of tags)
      expect(given).toEqual({
        owner: 'ops',
        application: 'plant',
        environment: 'dev',
        'managed-by': 'cdktf',
      });
  });

  it('carries no secret and no path of this machine', () => {
    for (const { text } of [dev, synthesiseAzure(EVERYTHING)]) {
      expect(text).not.toMatch(/PRIVATE KEY|POSTGRES_PASSWORD[^_]|admin_password|subscription_id"/);
      expect(text).not.toContain(process.cwd());
    }
  });
});

describe('the outputs', () => {
  const steps = (env: Record<string, string>) => synthesiseAzure(env).output.next_steps?.value ?? '';

  it('say where things are', () => {
    expect(Object.keys(dev.output).sort()).toEqual([
      'api_ca',
      'api_servername',
      'api_url',
      'machine_id',
      'next_steps',
      'resource_group',
      'ssh',
      'storage_account_name',
      'vault_name',
    ]);
    expect(dev.output.ssh?.value).toMatch(/^ssh -L 5432:127\.0\.0\.1:5432 ops@\$\{azurerm_public_ip\./);
    expect(synthesiseAzure({ TSDB_DEPLOY_DNS_LABEL: 'plant' }).output.api_url?.value).toBe(
      'https://plant.westeurope.cloudapp.azure.com',
    );
    expect(synthesiseAzure(PRIVATE).output.ssh?.value).toMatch(/^az network bastion ssh /);
  });

  it('say which certificate to expect, unless a public authority has signed it', () => {
    const certificates = (env: Record<string, string>) => {
      const { api_ca, api_servername, next_steps } = synthesiseAzure(env).output;
      return [api_ca !== undefined, api_servername?.value, /curl (\S+)/.exec(next_steps?.value ?? '')?.[1]];
    };
    const name = { TSDB_DEPLOY_HOST_NAME: 'm.example.org' };
    expect(certificates({})).toEqual([true, 'tsdb.internal', '--cacert']);
    expect(certificates(name)).toEqual([true, undefined, '--cacert']);
    expect(certificates({ ...name, ...OPEN })).toEqual([
      false,
      undefined,
      'https://m.example.org/health/ready',
    ]);
  });

  itWithTerraform('find the certificate in what a rollout printed, and are empty without one', () => {
    const certificate = '-----BEGIN CERTIFICATE-----\nMIIB+/8=\n-----END CERTIFICATE-----';
    const { value = '' } = dev.output.api_ca ?? {};
    const told = value.replace(/azurerm_virtual_machine_run_command\.\w+\.instance_view/, 'var.views');
    expect(told).not.toBe(value);
    const found = (views: readonly { output: string }[]) =>
      withConfiguration(
        JSON.stringify({
          variable: { views: { type: 'list(object({output = string}))', default: views } },
          output: { api_ca: { value: told } },
        }),
        (folder) => {
          expect(terraform(['apply', '-auto-approve'], folder)).toMatchObject({ status: 0 });
          const { outputs } = JSON.parse(readFileSync(join(folder, 'terraform.tfstate'), 'utf8'));
          return outputs.api_ca.value;
        },
      );
    expect(found([{ output: `noise\n${certificate}\n` }])).toBe(certificate);
    expect(found([{ output: 'noise' }])).toBe('');
    expect(found([])).toBe('');
  });

  it('say what is still closed', () => {
    expect(steps({})).toMatch(/Port 443 is closed.*Port 22 is closed.*Nobody is told/s);
    expect(steps({ ...OPEN, TSDB_DEPLOY_ALERT_EMAIL: 'ops@example.org' })).not.toMatch(/closed|Nobody/);
    expect(steps({ TSDB_DEPLOY_HOST_NAME: 'm.example.org' })).toContain('Let the name m.example.org lead');
  });
});

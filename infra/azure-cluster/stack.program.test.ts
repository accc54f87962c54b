import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { itUnless } from '../../db/local/testing/needs';
import { readConfig } from '../core/config';
import type { Attributes } from '../core/testing/policy';
import { addresses, onlyResource } from '../core/testing/synthesise';
import { hasTerraform, terraform, withConfiguration } from '../core/testing/terraform';
import { clusterName } from './cluster';
import {
  ALL_PARTS,
  RESTORED,
  synthesiseCluster,
  synthesiseClusterAgain,
  TAKEN_OVER,
  WANTED,
} from './testing/cluster-stack';

const itWithTerraform = itUnless(hasTerraform ? undefined : 'terraform is not on PATH');

const dev = synthesiseCluster();
const only = (type: string, stack = dev) => onlyResource(stack, `azurerm_${type}`);
const all = (type: string, stack = dev) => Object.values(stack.resource[type] ?? {}) as Attributes[];

describe('the stack azure-cluster', () => {
  it('keeps its Terraform addresses', () => {
    expect(addresses(dev)).toMatchInlineSnapshot(`
      [
        "azurerm_cosmosdb_postgresql_cluster.cluster_server_591DDB03",
        "azurerm_cosmosdb_postgresql_coordinator_configuration.cluster_coordinator-lock-waits_10D7E33F",
        "azurerm_cosmosdb_postgresql_coordinator_configuration.cluster_set-commands_AAE73C15",
        "azurerm_cosmosdb_postgresql_node_configuration.cluster_worker-lock-waits_3A2CFA19",
        "azurerm_cosmosdb_postgresql_role.roles_app_5CEE8470",
        "azurerm_cosmosdb_postgresql_role.roles_reader_85450584",
        "azurerm_key_vault.vault_BBE00A92",
        "azurerm_key_vault_secret.secrets_app_96A2CC20",
        "azurerm_key_vault_secret.secrets_owner_CB167C0F",
        "azurerm_key_vault_secret.secrets_reader_EC3A405D",
        "azurerm_linux_virtual_machine.database_machine_57DEC0DF",
        "azurerm_log_analytics_workspace.monitoring_workspace_4A3C9399",
        "azurerm_managed_disk.data_disk_0176EF1A",
        "azurerm_monitor_action_group.alerts_group_2673A6EB",
        "azurerm_monitor_activity_log_alert.alerts_machine-health_98476C6F",
        "azurerm_monitor_data_collection_rule.monitoring_rule_B39100EE",
        "azurerm_monitor_data_collection_rule_association.monitoring_rule-on-machine_EF8B570A",
        "azurerm_monitor_diagnostic_setting.cluster-monitoring_logs_897BC90B",
        "azurerm_monitor_diagnostic_setting.monitoring_blob-audit_EEFD4526",
        "azurerm_monitor_diagnostic_setting.monitoring_vault-audit_E23F2F8E",
        "azurerm_monitor_metric_alert.alerts_machine-down_776D1625",
        "azurerm_monitor_metric_alert.cluster-monitoring_cluster-busy_EF8CEFEF",
        "azurerm_monitor_metric_alert.cluster-monitoring_cluster-fills_37854336",
        "azurerm_monitor_scheduled_query_rules_alert_v2.alerts_disk-fills_BE9930E8",
        "azurerm_monitor_scheduled_query_rules_alert_v2.alerts_machine-reports_475E252C",
        "azurerm_monitor_scheduled_query_rules_alert_v2.alerts_passwords-expire_FE40F71C",
        "azurerm_network_interface.network_interface_C1CD7D11",
        "azurerm_network_security_group.endpoints_rules_BBD4F69C",
        "azurerm_network_security_group.network_rules_3232D771",
        "azurerm_private_dns_zone.endpoints_coordinator-names_ED0D3D91",
        "azurerm_private_dns_zone_virtual_network_link.endpoints_coordinator-names-in-network_2D2DE33F",
        "azurerm_private_endpoint.endpoints_coordinator-endpoint_217902BA",
        "azurerm_public_ip.network_address_9CA4EAAD",
        "azurerm_resource_group.group",
        "azurerm_role_assignment.access_reads-app_C225B9C1",
        "azurerm_role_assignment.access_reads-bundles_4C0933E7",
        "azurerm_role_assignment.access_reads-owner_44350A1D",
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
        "azurerm_subnet.endpoints_subnet_1557A1D3",
        "azurerm_subnet.network_subnet_E45498CD",
        "azurerm_subnet_network_security_group_association.endpoints_rules-on-subnet_D0E7BED2",
        "azurerm_subnet_network_security_group_association.network_rules-on-subnet_236D46FF",
        "azurerm_virtual_machine_data_disk_attachment.data_attachment_52DFB729",
        "azurerm_virtual_machine_extension.monitoring_agent_6873C4EA",
        "azurerm_virtual_machine_run_command.rollout_run_2D46422D",
        "azurerm_virtual_network.network_C8AC2FB3",
        "random_password.passwords_app_1C74460F",
        "random_password.passwords_owner_FDD3E2B7",
        "random_password.passwords_reader_15A561BF",
        "terraform_data.secrets_app-expiry_F97AEFD9",
        "terraform_data.secrets_owner-expiry_905351C8",
        "terraform_data.secrets_reader-expiry_7B16A6E7",
      ]
    `);
  });

  it('adds to them with every part that it has', () => {
    const full = addresses(synthesiseCluster(ALL_PARTS));
    expect(addresses(dev).filter((address) => !full.includes(address))).toEqual([]);
    expect(full.filter((address) => !addresses(dev).includes(address))).toMatchInlineSnapshot(`
      [
        "azurerm_bastion_host.bastion_host_8C3CC7D0",
        "azurerm_consumption_budget_resource_group.budget_16939279",
        "azurerm_maintenance_assignment_virtual_machine.maintenance_assignment_6677A6CC",
        "azurerm_maintenance_configuration.maintenance_window_447D8B14",
        "azurerm_management_lock.locks_cluster_DDC4311A",
        "azurerm_management_lock.locks_disk_F9E5D386",
        "azurerm_management_lock.locks_storage_3238FCBE",
        "azurerm_management_lock.locks_vault_E2FEF7DB",
        "azurerm_nat_gateway.network_exit_D2F1FCD4",
        "azurerm_nat_gateway_public_ip_association.network_exit-has-address_79ED7842",
        "azurerm_private_dns_zone.endpoints_blob-names_D9AEE556",
        "azurerm_private_dns_zone.endpoints_vault-names_39D5232B",
        "azurerm_private_dns_zone_virtual_network_link.endpoints_blob-names-in-network_9DF70665",
        "azurerm_private_dns_zone_virtual_network_link.endpoints_vault-names-in-network_F3E391A3",
        "azurerm_private_endpoint.endpoints_blob-endpoint_9FD1E17B",
        "azurerm_private_endpoint.endpoints_vault-endpoint_507F6DEF",
        "azurerm_public_ip.bastion_address_2008674A",
        "azurerm_public_ip.network_exit-address_EE37616C",
        "azurerm_subnet.bastion_subnet_9B6B37D6",
        "azurerm_subnet_nat_gateway_association.network_exit-of-subnet_9F5AEAAF",
      ]
    `);
  });

  it('leaves out what is about a database on the machine', () => {
    const parts = 'immutable-dumps,recovery-vault';
    const stack = synthesiseCluster({ ...WANTED, TSDB_DEPLOY_PARTS: parts });
    expect(addresses(stack)).toEqual(addresses(dev));
    const hubs = synthesiseCluster({
      ...WANTED,
      TSDB_DEPLOY_EVENT_HUBS: 'standard',
    });
    expect(addresses(hubs)).toEqual(addresses(dev));
    expect(dev.text).not.toContain('no-backup');
  });

  it('gives the same bytes twice', () => {
    expect(synthesiseCluster(ALL_PARTS).text).toBe(synthesiseClusterAgain(ALL_PARTS).text);
  });

  it('shares no name with the azure stack of the same deployment', () => {
    expect(only('resource_group').name).toBe('rg-cluster-tsdb-dev');
    // Both are unique in all of Azure: the digits come from the name of the group.
    expect(only('key_vault').name).toContain('rg-cluster-tsdb-dev');
    expect(only('storage_account').name).toContain('rg-cluster-tsdb-dev');
    expect(dev.text).not.toContain('"rg-tsdb-dev"');
  });

  it('registers what a fresh subscription lacks, as Azure spells it', () => {
    expect(JSON.parse(dev.text).provider.azurerm[0].resource_providers_to_register).toEqual([
      'Microsoft.DBforPostgreSQL',
      'Microsoft.KeyVault',
      'Microsoft.OperationalInsights',
      'microsoft.insights',
    ]);
  });
});

describe('the cluster', () => {
  it('has the size of the settings, and no shards on its coordinator', () => {
    const stack = synthesiseCluster({
      ...WANTED,
      TSDB_DEPLOY_AZURE_CLUSTER_WORKERS: '4',
      TSDB_DEPLOY_AZURE_CLUSTER_WORKER_VCORES: '16',
      TSDB_DEPLOY_AZURE_CLUSTER_WORKER_GIB: '2048',
      TSDB_DEPLOY_AZURE_CLUSTER_COORDINATOR_VCORES: '8',
      TSDB_DEPLOY_AZURE_CLUSTER_COORDINATOR_GIB: '128',
      TSDB_DEPLOY_AZURE_CLUSTER_HA: 'true',
      TSDB_DEPLOY_ZONE: '3',
    });
    expect(only('cosmosdb_postgresql_cluster', stack)).toMatchObject({
      node_count: 4,
      node_vcores: 16,
      node_storage_quota_in_mb: 2048 * 1024,
      coordinator_vcore_count: 8,
      coordinator_storage_quota_in_mb: 128 * 1024,
      ha_enabled: true,
      preferred_primary_zone: '3',
      shards_on_coordinator_enabled: false,
      sql_version: '16',
      citus_version: '12.1',
    });
  });

  it('has a name that Azure takes, however long those of the deployment are', () => {
    const long = { TSDB_DEPLOY_NAME: 'a'.repeat(16) };
    for (const env of [long, { ...RESTORED, ...long }]) {
      const config = { ...readConfig(env), environment: 'b'.repeat(12) };
      expect(clusterName(config)).toMatch(/^[a-z][a-z0-9-]{2,39}$/);
    }
  });

  it('has private addresses only, and the machine finds the coordinator under its name', () => {
    expect(only('cosmosdb_postgresql_cluster')).toMatchObject({
      coordinator_public_ip_access_enabled: false,
      node_public_ip_access_enabled: false,
    });
    expect(dev.resource).not.toHaveProperty('azurerm_cosmosdb_postgresql_firewall_rule');
    expect(only('private_endpoint')).toMatchObject({
      private_service_connection: {
        subresource_names: ['coordinator'],
        private_connection_resource_id: expect.stringContaining('azurerm_cosmosdb_postgresql_cluster.'),
      },
    });
    expect(only('private_dns_zone').name).toBe('privatelink.postgres.cosmos.azure.com');
    const rules = all('azurerm_network_security_group').flatMap(
      ({ security_rule }) => security_rule as Attributes[],
    );
    const open = rules.filter(({ destination_port_range }) => destination_port_range === '5432');
    expect(open).toEqual([
      expect.objectContaining({
        access: 'Allow',
        source_address_prefixes: ['10.20.1.0/24'],
      }),
    ]);
    expect(only('linux_virtual_machine').user_data).toMatch(/"databaseHost" = local\.cluster_host_\w+/);
  });

  it('is found among its nodes by the name of the coordinator', () => {
    const { locals } = JSON.parse(dev.text) as {
      locals: Record<string, string>;
    };
    expect(Object.values(locals)).toEqual([expect.stringContaining('startswith(node.fqdn, "c-")')]);
  });

  itWithTerraform('is found whatever the order of the nodes is', () => {
    const { locals } = JSON.parse(dev.text) as {
      locals: Record<string, string>;
    };
    const [told = ''] = Object.values(locals);
    const expression = told.replace(/azurerm_cosmosdb_postgresql_cluster\.\w+\.servers/, 'var.nodes');
    expect(expression).not.toBe(told);
    const node = (name: string) => ({
      name,
      fqdn: `${name}.12345678901234.postgres.cosmos.azure.com`,
    });
    const nodes = ['w0-cosmos', 'c-cosmos', 'w1-cosmos'].map(node);
    const document = {
      variable: {
        nodes: {
          type: 'list(object({name = string, fqdn = string}))',
          default: nodes,
        },
      },
      output: { host: { value: expression } },
    };
    withConfiguration(JSON.stringify(document), (folder) => {
      expect(terraform(['apply', '-auto-approve'], folder)).toMatchObject({
        status: 0,
      });
      const { outputs } = JSON.parse(readFileSync(join(folder, 'terraform.tfstate'), 'utf8'));
      expect(outputs.host.value).toBe(nodes[1]?.fqdn);
    });
  });

  it('is protected from destruction unless told otherwise, and locked with part locks', () => {
    const guards = (env: Record<string, string>) =>
      [
        ...all('azurerm_cosmosdb_postgresql_cluster', synthesiseCluster(env)),
        ...all('azurerm_cosmosdb_postgresql_role', synthesiseCluster(env)),
      ].map(({ lifecycle }) => (lifecycle as { prevent_destroy: boolean }).prevent_destroy);
    expect(guards(WANTED)).toEqual([true, true, true]);
    expect(guards({ ...WANTED, TSDB_DEPLOY_PROTECT_DATA: 'false' })).toEqual([false, false, false]);
    const locked = all('azurerm_management_lock', synthesiseCluster(ALL_PARTS)).map(({ scope }) => scope);
    expect(locked).toContainEqual(expect.stringContaining('azurerm_cosmosdb_postgresql_cluster.'));
  });

  it('is watched node by node', () => {
    const alerts = all('azurerm_monitor_metric_alert').filter(({ scopes }) =>
      String(scopes).includes('cosmosdb'),
    );
    expect(alerts.map(({ criteria }) => criteria)).toEqual([
      [
        expect.objectContaining({
          metric_name: 'cpu_percent',
          dimension: EACH_NODE,
        }),
      ],
      [
        expect.objectContaining({
          metric_name: 'storage_percent',
          dimension: EACH_NODE,
        }),
      ],
    ]);
    expect(all('azurerm_monitor_diagnostic_setting')).toContainEqual(
      expect.objectContaining({ enabled_log: [{ category: 'PostgreSQLLogs' }] }),
    );
  });
});

const EACH_NODE = [{ name: 'ServerName', operator: 'Include', values: ['*'] }];

describe('a restored cluster', () => {
  const restored = synthesiseCluster(RESTORED);

  it('begins with the data of another, beside it and under another name', () => {
    const cluster = only('cosmosdb_postgresql_cluster', restored);
    expect(cluster).toMatchObject({
      source_resource_id: RESTORED.TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_FROM,
      source_location: 'westeurope',
      point_in_time_in_utc: '2026-01-31T23:59:00Z',
    });
    expect(cluster.name).toMatch(/^c[0-9a-f]{6}-tsdb-dev$/);
    expect(cluster).not.toHaveProperty('sql_version');
    expect(cluster).not.toHaveProperty('citus_version');
  });

  it('stays when the settings of the restore change, and has its roles already', () => {
    expect(only('cosmosdb_postgresql_cluster', restored).lifecycle).toMatchObject({
      ignore_changes: ['point_in_time_in_utc', 'source_location', 'source_resource_id'],
    });
    expect(restored.resource).not.toHaveProperty('azurerm_cosmosdb_postgresql_role');
  });
});

describe('a cluster that is taken over', () => {
  const stack = synthesiseCluster(TAKEN_OVER);

  it('is imported by its id, under its own name, in its own group and with its own versions', () => {
    const cluster = only('cosmosdb_postgresql_cluster', stack);
    expect(cluster).toMatchObject({
      name: 'readings',
      resource_group_name: 'plant-data',
      lifecycle: { prevent_destroy: true },
    });
    for (const property of ['sql_version', 'citus_version', 'source_resource_id'])
      expect(cluster).not.toHaveProperty(property);
    const [address] = Object.keys(stack.resource.azurerm_cosmosdb_postgresql_cluster ?? {});
    expect(JSON.parse(stack.text).import).toEqual([
      {
        id: TAKEN_OVER.TSDB_DEPLOY_AZURE_CLUSTER_EXISTING,
        to: `azurerm_cosmosdb_postgresql_cluster.${address}`,
      },
    ]);
  });

  it('has the address of a new one, and gets the same roles', () => {
    expect(addresses(stack)).toEqual(addresses(dev));
  });
});

describe('the passwords', () => {
  it('are in the vault, and of the machine only those that it needs', () => {
    expect(all('azurerm_key_vault_secret').map(({ name }) => name)).toEqual([
      'app-password',
      'owner-password',
      'reader-password',
    ]);
    const read = all('azurerm_role_assignment')
      .filter(({ role_definition_name }) => role_definition_name === 'Key Vault Secrets User')
      .map(({ scope }) => /secrets_(\w+?)_/.exec(String(scope))?.[1]);
    expect(read).toEqual(['app', 'owner']);
  });

  it('of roles never change through Terraform, which would replace the role with all its rights', () => {
    const rotated = synthesiseCluster({
      ...WANTED,
      TSDB_DEPLOY_PASSWORD_VERSION: '2',
    });
    const versions = all('random_password', rotated).map(({ keepers }) => keepers);
    expect(versions).toEqual([{ version: 1 }, { version: 2 }, { version: 1 }]);
    for (const role of all('azurerm_cosmosdb_postgresql_role'))
      expect(role.lifecycle).toMatchObject({ ignore_changes: ['password'] });
  });
});

describe('the machine in front', () => {
  it('waits for the cluster, its settings, its roles and its address', () => {
    const [run] = all('azurerm_virtual_machine_run_command') as [{ depends_on: string[] }];
    for (const type of [
      'azurerm_cosmosdb_postgresql_coordinator_configuration.',
      'azurerm_cosmosdb_postgresql_node_configuration.',
      'azurerm_cosmosdb_postgresql_role.',
      'azurerm_private_endpoint.endpoints_coordinator',
    ])
      expect(run.depends_on).toContainEqual(expect.stringContaining(type));
  });

  it('tells how to reach the database, and where the runbook is', () => {
    const { ssh, next_steps, database_host, cluster_id } = dev.output;
    expect(ssh?.value).toMatch(/^ssh -L 5432:\$\{local\.cluster_host_\w+\}:5432 ops@/);
    expect(next_steps?.value).toContain('docs/azure-cluster.md');
    expect(database_host?.value).toMatch(/^\$\{local\.cluster_host_/);
    expect(cluster_id?.value).toMatch(/\.id\}$/);
  });
});

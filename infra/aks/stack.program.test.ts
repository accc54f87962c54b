import { describeUnless } from '../../db/local/testing/needs';
import { readConfig } from '../core/config';
import { addresses, onlyResource, synthesiseStack } from '../core/testing/synthesise';
import { hasTerraform, terraform, withConfiguration } from '../core/testing/terraform';
import { AksStack } from './stack';

function synthesise(env: Record<string, string> = {}) {
  return synthesiseStack((app, id) => new AksStack(app, id, { config: readConfig(env) }));
}

describe('the aks stack', () => {
  const stack = synthesise();
  const only = (type: string, from = stack) => onlyResource(from, `azurerm_${type}`);

  it('keeps its Terraform addresses', () => {
    expect(addresses(stack)).toMatchInlineSnapshot(`
      [
        "azurerm_kubernetes_cluster.cluster_A4C38409",
        "azurerm_kubernetes_cluster_node_pool.cluster_nodes_56F9F591",
        "azurerm_log_analytics_workspace.logs_workspace_11CB4DC9",
        "azurerm_monitor_data_collection_rule.monitoring_rule_B39100EE",
        "azurerm_monitor_data_collection_rule_association.monitoring_rule-on-cluster_B4AF5348",
        "azurerm_monitor_diagnostic_setting.monitoring_audit_B601216D",
        "azurerm_network_security_group.network_rules_3232D771",
        "azurerm_resource_group.group",
        "azurerm_role_assignment.deployer-administers",
        "azurerm_role_assignment.network_identity-joins_2A0D2932",
        "azurerm_subnet.network_subnet_E45498CD",
        "azurerm_subnet_network_security_group_association.network_rules-on-subnet_236D46FF",
        "azurerm_user_assigned_identity.network_identity_BB539B21",
        "azurerm_virtual_network.network_C8AC2FB3",
      ]
    `);
  });

  it('lies in a group and a network of its own', () => {
    expect([only('resource_group').name, only('kubernetes_cluster').node_resource_group]).toEqual([
      'rg-aks-tsdb-dev',
      'rg-aks-nodes-tsdb-dev',
    ]);
    expect(only('subnet', synthesise({ TSDB_DEPLOY_NETWORK: '10.50.0.0/16' })).address_prefixes).toEqual([
      '10.50.16.0/20',
    ]);
    // Whatever network is chosen, pods and services must lie outside it.
    expect(only('kubernetes_cluster').network_profile).toMatchObject({
      pod_cidr: '100.64.0.0/16',
      service_cidr: '100.65.0.0/16',
      dns_service_ip: '100.65.0.10',
    });
  });

  it('joins the network before there is a cluster', () => {
    expect(only('kubernetes_cluster').depends_on).toEqual([
      expect.stringMatching(/^azurerm_subnet_network_security_group_association\./),
      expect.stringMatching(/^azurerm_role_assignment\./),
    ]);
  });

  it('keeps nodes for the work apart from those of the cluster, and each in three zones', () => {
    expect(only('kubernetes_cluster').default_node_pool).toMatchObject({
      node_count: 3,
      only_critical_addons_enabled: true,
      temporary_name_for_rotation: 'systemtmp',
      upgrade_settings: { max_surge: '1' },
    });
    expect(only('kubernetes_cluster_node_pool', synthesise({ TSDB_DEPLOY_AKS_NODES: '5' }))).toMatchObject({
      mode: 'User',
      node_count: 5,
      zones: ['1', '2', '3'],
      temporary_name_for_rotation: 'worktmp',
    });
  });

  it('is not destroyed by mistake: the disks of its volumes go with it', () => {
    const protectionOf = (env: Record<string, string>) =>
      only('kubernetes_cluster', synthesise(env)).lifecycle;
    expect(protectionOf({})).toEqual({ prevent_destroy: true });
    expect(protectionOf({ TSDB_DEPLOY_PROTECT_DATA: 'false' })).toEqual({
      prevent_destroy: false,
    });
  });

  it('lets the one who deploys in, by a role and not by a key', () => {
    const roles = Object.values(stack.resource.azurerm_role_assignment ?? {}) as {
      role_definition_name: string;
      principal_id: string;
    }[];
    expect(roles.find(({ principal_id }) => principal_id.includes('client_config'))).toMatchObject({
      role_definition_name: 'Azure Kubernetes Service RBAC Cluster Admin',
    });
    const other = '11111111-2222-3333-4444-555555555555';
    expect(synthesise({ TSDB_DEPLOY_DEPLOYER_ID: other }).text).toContain(`"principal_id": "${other}"`);
    expect(Object.keys(stack.output).sort()).toEqual(['cluster_name', 'kubectl_login', 'resource_group']);
    expect(stack.text).not.toMatch(/kube_config|kube_admin|client_key|subscription_id"/);
  });

  describe('a private one', () => {
    const ZONE =
      '/subscriptions/0-1/resourceGroups/rg-hub/providers/Microsoft.Network/privateDnsZones/privatelink.westeurope.azmk8s.io';
    const own = synthesise({ TSDB_DEPLOY_AKS_PRIVATE: 'true' });
    const hub = synthesise({ TSDB_DEPLOY_AKS_PRIVATE: 'true', TSDB_DEPLOY_AKS_DNS_ZONE: ZONE });

    it('has a private name, and asks for no networks of its operators', () => {
      expect(only('kubernetes_cluster', own)).toMatchObject({
        private_cluster_enabled: true,
        private_cluster_public_fqdn_enabled: false,
        private_dns_zone_id: 'System',
        run_command_enabled: false,
      });
      expect(only('kubernetes_cluster', own)).not.toHaveProperty('api_server_access_profile');
      expect(own.variable ?? {}).toEqual({});
      expect(Object.keys(own.output)).toEqual(expect.arrayContaining(['network_id', 'private_name']));
      expect(only('kubernetes_cluster')).not.toHaveProperty('private_cluster_enabled');
    });

    it('may write its name into a zone of somebody else before it is there', () => {
      const roles = Object.values(hub.resource.azurerm_role_assignment ?? {}) as unknown as Record<
        string,
        string
      >[];
      expect(roles).toContainEqual(
        expect.objectContaining({ scope: ZONE, role_definition_name: 'Private DNS Zone Contributor' }),
      );
      expect(only('kubernetes_cluster', hub)).toMatchObject({
        private_dns_zone_id: ZONE,
        depends_on: expect.arrayContaining([
          expect.stringContaining('identity-names'),
          expect.stringContaining('identity-links'),
        ]),
      });
      expect(Object.keys(own.resource.azurerm_role_assignment ?? {})).toHaveLength(2);
    });

    it('is what a zone is for', () => {
      expect(() => readConfig({ TSDB_DEPLOY_AKS_DNS_ZONE: ZONE })).toThrow(
        'set TSDB_DEPLOY_AKS_PRIVATE=true too',
      );
      expect(() =>
        readConfig({ TSDB_DEPLOY_AKS_PRIVATE: 'true', TSDB_DEPLOY_AKS_DNS_ZONE: 'privatelink' }),
      ).toThrow('must be the id of a private DNS zone');
    });
  });

  it('tags what can be tagged', () => {
    expect(only('kubernetes_cluster').tags).toMatchObject({
      environment: 'dev',
      'managed-by': 'cdktf',
    });
  });
});

describeUnless(
  hasTerraform ? undefined : 'terraform is not on PATH',
  'a missing network of the operators',
  () => {
    const plan = (given: Record<string, string>) =>
      withConfiguration(JSON.stringify({ variable: synthesise().variable }), (folder) =>
        terraform(['plan'], folder, given),
      );

    it('fails the plan of this stack, with the way out', () => {
      const { status, text } = plan({});
      expect(status).toBe(1);
      expect(text).toContain('Set TSDB_DEPLOY_DEPLOYER_CIDRS to your public IPv4 address');
    });

    it.each([
      ['["198.51.100.7/32"]', 0],
      ['["0.0.0.0/0"]', 1],
      ['["here"]', 1],
    ])('takes %s with status %d', (TF_VAR_deployer_cidrs, status) => {
      expect(plan({ TF_VAR_deployer_cidrs })).toMatchObject({ status });
    });
  },
);

// A cluster as it must be, and for each rule of the policy one that breaks it.
import { type Bad, HTTPS } from '../../../azure/testing/policy/fixtures';
import type { Attributes } from '../../../core/testing/policy';

const POOL = {
  node_public_ip_enabled: false,
  max_pods: 60,
  os_disk_type: 'Ephemeral',
  host_encryption_enabled: true,
  zones: ['1', '2', '3'],
};
const NETWORK = { network_plugin: 'azure', network_policy: 'cilium' };

/** One resource `x` of each type, as it must be. */
export const GOOD: Readonly<Record<string, Attributes>> = {
  azurerm_kubernetes_cluster: {
    oms_agent: { log_analytics_workspace_id: 'w' },
    role_based_access_control_enabled: true,
    azure_active_directory_role_based_access_control: { azure_rbac_enabled: true },
    api_server_access_profile: { authorized_ip_ranges: ['203.0.113.7/32'] },
    network_profile: NETWORK,
    azure_policy_enabled: true,
    local_account_disabled: true,
    sku_tier: 'Standard',
    automatic_upgrade_channel: 'patch',
    maintenance_window_auto_upgrade: { frequency: 'Weekly' },
    maintenance_window_node_os: { frequency: 'Weekly' },
    key_vault_secrets_provider: { secret_rotation_enabled: true },
    default_node_pool: { ...POOL, only_critical_addons_enabled: true },
    run_command_enabled: false,
  },
  azurerm_kubernetes_cluster_node_pool: POOL,
  azurerm_subnet: { name: 'snet' },
  azurerm_subnet_network_security_group_association: { subnet_id: `\${azurerm_subnet.x.id}` },
  azurerm_network_security_group: { security_rule: [HTTPS] },
  azurerm_network_interface: { ip_forwarding_enabled: false },
};

/** What differs in a private cluster. */
export const PRIVATE: Attributes = {
  private_cluster_enabled: true,
  private_cluster_public_fqdn_enabled: false,
  private_dns_zone_id: 'System',
  api_server_access_profile: undefined,
};

const CLUSTER = 'azurerm_kubernetes_cluster';
const NODES = 'azurerm_kubernetes_cluster_node_pool';
const API = 'each API server lets in';
const LOGIN = 'each cluster asks who somebody is';
const PATCHES = 'each cluster takes new patches';
const open = (change: Attributes) => ({ security_rule: [{ ...HTTPS, ...change }] });
const aks = (rule: string, change: Attributes): Bad => [rule, CLUSTER, change];

export const BAD: readonly Bad[] = [
  aks('the output of each cluster', { oms_agent: undefined }),
  aks(LOGIN, { role_based_access_control_enabled: false }),
  aks(LOGIN, { azure_active_directory_role_based_access_control: { azure_rbac_enabled: false } }),
  aks(API, { api_server_access_profile: undefined }),
  aks(API, { api_server_access_profile: { authorized_ip_ranges: [] } }),
  aks(API, { api_server_access_profile: { authorized_ip_ranges: ['0.0.0.0/0'] } }),
  aks(API, { api_server_access_profile: { authorized_ip_ranges: `\${var.any}` } }),
  aks('a private API server', { ...PRIVATE, private_cluster_public_fqdn_enabled: true }),
  aks('a private API server', { ...PRIVATE, private_dns_zone_id: undefined }),
  aks('a private API server', {
    ...PRIVATE,
    api_server_access_profile: { authorized_ip_ranges: ['203.0.113.7/32'] },
  }),
  aks('network policies are enforced', { network_profile: { ...NETWORK, network_policy: undefined } }),
  aks("each cluster uses Azure's own", { network_profile: { ...NETWORK, network_plugin: 'kubenet' } }),
  aks("Azure's policies are enforced", { azure_policy_enabled: false }),
  aks('no cluster has accounts', { local_account_disabled: false }),
  aks('the API server of each cluster', { sku_tier: 'Free' }),
  aks(PATCHES, { automatic_upgrade_channel: undefined }),
  aks(PATCHES, { maintenance_window_auto_upgrade: undefined }),
  aks(PATCHES, { maintenance_window_node_os: undefined }),
  aks('secrets out of a vault', { key_vault_secrets_provider: { secret_rotation_enabled: false } }),
  aks('the first nodes of each', { default_node_pool: POOL }),
  aks('nobody runs commands', { run_command_enabled: undefined }),
  ...(
    [
      ['no node has a public', { node_public_ip_enabled: true }],
      ['each node takes fifty', { max_pods: 30 }],
      ['nothing of a node', { os_disk_type: 'Managed' }],
      ['each node is encrypted', { host_encryption_enabled: undefined }],
      ['the nodes of each pool', { zones: ['1'] }],
    ] as const
  ).flatMap(([rule, change]): Bad[] => [
    [rule, NODES, change],
    [rule, CLUSTER, { default_node_pool: { ...POOL, only_critical_addons_enabled: true, ...change } }],
  ]),
  [
    'nothing but HTTPS',
    'azurerm_network_security_group',
    open({ source_address_prefix: '*', destination_port_range: '22' }),
  ],
  [
    'no UDP comes in',
    'azurerm_network_security_group',
    open({ protocol: 'Udp', source_address_prefix: '*' }),
  ],
  ['no interface forwards', 'azurerm_network_interface', { ip_forwarding_enabled: true }],
  ['each subnet has', 'azurerm_subnet_network_security_group_association', { subnet_id: 'other' }],
];

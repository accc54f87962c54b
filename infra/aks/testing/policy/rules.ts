// All rules that the aks stack keeps, whatever its settings.
import { NETWORK_POLICY } from '../../../azure/testing/policy/network';
import {
  type Attributes,
  allOf,
  blocks,
  eachMust,
  only,
  type PolicyRule,
  ruleForEach,
} from '../../../core/testing/policy';

const CLUSTER = 'azurerm_kubernetes_cluster';
const POOL = 'azurerm_kubernetes_cluster_node_pool';

/** A rule that each pool of nodes keeps by itself, be it a part of its cluster or a resource of its own. */
const eachPoolMust = ruleForEach<Attributes>((resources) => [
  ...allOf(resources, CLUSTER).map(
    ([address, cluster]) => [address, only(cluster, 'default_node_pool')] as const,
  ),
  ...allOf(resources, POOL),
]);

export const AKS_POLICY: readonly PolicyRule[] = [
  // Those of the azure stack that public scanners know too; its own ones are about the one machine there.
  ...NETWORK_POLICY.filter(({ ids }) => ids.length > 0),
  eachMust(
    CLUSTER,
    ['CKV_AZURE_4', 'AZU-0040'],
    'the output of each cluster is collected',
    (cluster) => typeof only(cluster, 'oms_agent').log_analytics_workspace_id === 'string',
  ),
  eachMust(
    CLUSTER,
    ['CKV_AZURE_5', 'AZU-0042'],
    'each cluster asks who somebody is and what he may do, and Azure answers',
    (cluster) =>
      cluster.role_based_access_control_enabled === true &&
      only(cluster, 'azure_active_directory_role_based_access_control').azure_rbac_enabled === true,
  ),
  eachMust(
    CLUSTER,
    ['CKV_AZURE_6', 'AZU-0041'],
    'each API server lets in the networks of its operators only',
    (cluster) =>
      cluster.private_cluster_enabled === true ||
      namesNetworks(only(cluster, 'api_server_access_profile').authorized_ip_ranges),
  ),
  eachMust(
    CLUSTER,
    [],
    'a private API server has a private name only, and no list of networks, which Azure refuses',
    (cluster) =>
      cluster.private_cluster_enabled !== true ||
      (cluster.private_cluster_public_fqdn_enabled === false &&
        typeof cluster.private_dns_zone_id === 'string' &&
        only(cluster, 'api_server_access_profile').authorized_ip_ranges === undefined),
  ),
  eachMust(CLUSTER, ['CKV_AZURE_7', 'AZU-0043'], 'network policies are enforced in each cluster', (cluster) =>
    ['azure', 'calico', 'cilium'].includes(String(network(cluster).network_policy)),
  ),
  eachMust(
    CLUSTER,
    ['CKV2_AZURE_29'],
    "each cluster uses Azure's own network plugin",
    (cluster) => network(cluster).network_plugin === 'azure',
  ),
  eachMust(
    CLUSTER,
    ['CKV_AZURE_116', 'AZU-0066'],
    "Azure's policies are enforced in each cluster",
    ({ azure_policy_enabled }) => azure_policy_enabled === true,
  ),
  eachMust(
    CLUSTER,
    ['CKV_AZURE_141'],
    'no cluster has accounts of its own',
    ({ local_account_disabled }) => local_account_disabled === true,
  ),
  eachMust(
    CLUSTER,
    ['CKV_AZURE_170'],
    'the API server of each cluster comes with a promise of availability',
    ({ sku_tier }) => sku_tier === 'Standard' || sku_tier === 'Premium',
  ),
  eachMust(
    CLUSTER,
    ['CKV_AZURE_171'],
    'each cluster takes new patches by itself, and within a window only',
    (cluster) =>
      ['patch', 'stable', 'rapid', 'node-image'].includes(String(cluster.automatic_upgrade_channel)) &&
      blocks(cluster, 'maintenance_window_auto_upgrade').length > 0 &&
      blocks(cluster, 'maintenance_window_node_os').length > 0,
  ),
  eachMust(
    CLUSTER,
    ['CKV_AZURE_172'],
    'secrets out of a vault are renewed in each cluster',
    (cluster) => only(cluster, 'key_vault_secrets_provider').secret_rotation_enabled === true,
  ),
  eachMust(
    CLUSTER,
    ['CKV_AZURE_232'],
    "the first nodes of each cluster run the cluster's own pods only",
    (cluster) => only(cluster, 'default_node_pool').only_critical_addons_enabled === true,
  ),
  eachMust(
    CLUSTER,
    [],
    'nobody runs commands in a cluster past its networks',
    ({ run_command_enabled }) => run_command_enabled === false,
  ),
  eachPoolMust(
    ['CKV_AZURE_143'],
    'no node has a public address',
    ({ node_public_ip_enabled }) => node_public_ip_enabled === false,
  ),
  eachPoolMust(
    ['CKV_AZURE_168'],
    'each node takes fifty pods at least',
    ({ max_pods }) => Number(max_pods) >= 50,
  ),
  eachPoolMust(
    ['CKV_AZURE_226'],
    'nothing of a node outlives it',
    ({ os_disk_type }) => os_disk_type === 'Ephemeral',
  ),
  eachPoolMust(
    ['CKV_AZURE_227'],
    'each node is encrypted on its host, too',
    ({ host_encryption_enabled }) => host_encryption_enabled === true,
  ),
  eachPoolMust(
    [],
    'the nodes of each pool stand in three zones',
    ({ zones }) => Array.isArray(zones) && new Set(zones).size === 3,
  ),
];

function network(cluster: Attributes): Attributes {
  return only(cluster, 'network_profile');
}

// A reference is to the variable that refuses to be empty or the whole internet.
function namesNetworks(ranges: unknown): boolean {
  if (typeof ranges === 'string') return ranges === `\${var.deployer_cidrs}`;
  return Array.isArray(ranges) && ranges.length > 0 && !ranges.some((range) => /\/0$/.test(String(range)));
}

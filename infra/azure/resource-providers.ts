// Which parts of Azure ("resource providers") a stack uses. A fresh subscription has hardly any of them registered, and refuses
// their resources until they are.
import { TerraformResource } from 'cdktf';
import type { IConstruct } from 'constructs';

/**
 * The namespaces behind the resource types of a stack, but for those that set `core` of the Terraform provider registers. Azure
 * answers with exactly these spellings, and the Terraform provider silently registers nothing for any other.
 * @throws Error for a type that is not in the table below
 */
export function resourceProviders(stack: IConstruct): readonly string[] {
  const types = stack.node
    .findAll()
    .filter(TerraformResource.isTerraformResource)
    .map(({ terraformResourceType }) => terraformResourceType)
    .filter((type) => type.startsWith('azurerm_'));
  const used = new Set(types.flatMap((type) => [namespaceOf(type), ...(BEHIND[type] ?? [])]));
  return [...used].filter((namespace) => !CORE.includes(namespace)).sort();
}

function namespaceOf(type: string): string {
  const found = Object.entries(TYPES).find(([, starts]) => starts.some((start) => type.startsWith(start)));
  if (found === undefined)
    throw new Error(
      `${type} has no resource provider in infra/azure/resource-providers.ts; the page of the type in the documentation of provider azurerm names it under "API Providers"`,
    );
  return found[0];
}

/** What provider azurerm 4.55 registers as `core`. */
export const CORE: readonly string[] = [
  'Microsoft.Authorization',
  'Microsoft.Compute',
  'Microsoft.CostManagement',
  'Microsoft.ManagedIdentity',
  'Microsoft.MarketplaceOrdering',
  'Microsoft.Network',
  'Microsoft.Resources',
  'Microsoft.Storage',
];

/** How the types of each namespace start; the first that fits counts. From the documentation of provider azurerm 4.55. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.Authorization': ['azurerm_management_lock', 'azurerm_role_assignment'],
  'Microsoft.Compute': [
    'azurerm_disk_encryption_set',
    'azurerm_linux_virtual_machine',
    'azurerm_managed_disk',
    'azurerm_virtual_machine_',
  ],
  'Microsoft.Consumption': ['azurerm_consumption_budget_'],
  'Microsoft.ContainerService': ['azurerm_kubernetes_cluster'],
  'Microsoft.DBforPostgreSQL': ['azurerm_cosmosdb_postgresql_'],
  'Microsoft.EventHub': ['azurerm_eventhub'],
  'Microsoft.KeyVault': ['azurerm_key_vault'],
  'Microsoft.Maintenance': ['azurerm_maintenance_'],
  'Microsoft.ManagedIdentity': ['azurerm_federated_identity_credential', 'azurerm_user_assigned_identity'],
  'Microsoft.Network': [
    'azurerm_bastion_host',
    'azurerm_nat_gateway',
    'azurerm_network_',
    'azurerm_private_',
    'azurerm_public_ip',
    'azurerm_subnet',
    'azurerm_virtual_network',
  ],
  'Microsoft.OperationalInsights': ['azurerm_log_analytics_workspace'],
  'Microsoft.RecoveryServices': ['azurerm_backup_', 'azurerm_recovery_services_vault'],
  'Microsoft.Resources': ['azurerm_resource_group'],
  'Microsoft.Storage': ['azurerm_storage_'],
  'microsoft.insights': ['azurerm_monitor_'],
};

/** What a type needs although no resource of ours is of that kind. */
const BEHIND: Readonly<Record<string, readonly string[]>> = {
  // Its add-ons for logs and for policies.
  azurerm_kubernetes_cluster: ['Microsoft.OperationsManagement', 'Microsoft.PolicyInsights'],
};

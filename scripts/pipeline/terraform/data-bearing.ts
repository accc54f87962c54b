// The types of resources that hold data, or without which data cannot be read. A plan that removes one needs consent.

/** What is lost with a resource of a type, or with one resource where objects of any kind have the same type. */
export const DATA_BEARING: Readonly<Record<string, string>> = {
  azurerm_managed_disk: 'the database',
  azurerm_cosmosdb_postgresql_cluster: 'the database with all its backups',
  azurerm_cosmosdb_postgresql_role: 'a login with all its rights',
  azurerm_storage_account: 'all backups',
  azurerm_storage_container: 'the backups in it',
  azurerm_key_vault: 'all passwords and the key of the backups',
  azurerm_key_vault_secret: 'a password or the key of the backups',
  azurerm_key_vault_key: 'what is encrypted with it',
  azurerm_disk_encryption_set: 'the way to the disks encrypted with it',
  azurerm_eventhub_namespace: 'all records that are not stored yet, and the dead letters in topics',
  azurerm_eventhub: 'the records in it that are not stored yet, or the dead letters',
  azurerm_recovery_services_vault: 'all snapshots of the machine',
  azurerm_backup_protected_vm: 'the snapshots of the machine',
  azurerm_resource_group: 'everything in it',
  azurerm_kubernetes_cluster: 'everything that runs in it',
  kubernetes_namespace_v1: 'everything in it',
  kubernetes_stateful_set_v1: 'the database, unless its volume is retained',
  kubernetes_persistent_volume_claim_v1: 'the database or its backups',
  kubernetes_persistent_volume_v1: 'the database or its backups',
  kubernetes_secret_v1: 'a password',
  'kubernetes_manifest.cluster': 'the replicating database with all its volumes',
  'kubernetes_manifest.pool': 'the brokers of Kafka, whose volumes stay',
  'kubernetes_manifest.kafka': 'the Kafka, whose volumes stay',
  'kubernetes_manifest.topic': 'all records of a topic',
};

/** What is lost with a resource; nothing when it holds no data. One of several of its kind has a name of its own after a hyphen. */
export function lostWith(
  { type, address }: { readonly type: string; readonly address: string },
  dataBearing: Readonly<Record<string, string>> = DATA_BEARING,
): string | undefined {
  const names = [type, address, address.replace(/-.*$/, '')];
  const known = names.find((name) => Object.hasOwn(dataBearing, name));
  return known === undefined ? undefined : dataBearing[known];
}

/**
 * What begins empty when it is made anew after it was not found. Often it is not gone at all: the login leads to another cluster or
 * another subscription. A Secret is not in this list, because the database takes over a new password, and neither is what finds
 * its data again, such as a StatefulSet or a vault.
 */
export const BEGINS_EMPTY: readonly string[] = [
  'azurerm_cosmosdb_postgresql_cluster',
  'azurerm_eventhub',
  'azurerm_eventhub_namespace',
  'azurerm_kubernetes_cluster',
  'azurerm_managed_disk',
  'azurerm_resource_group',
  'azurerm_storage_account',
  'azurerm_storage_container',
  'kubernetes_namespace_v1',
  'kubernetes_persistent_volume_claim_v1',
];

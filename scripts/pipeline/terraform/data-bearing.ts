// The types of resources that hold data, or without which data cannot be read. A plan that removes one needs consent.

/** What is lost with a resource of a type. */
export const DATA_BEARING: Readonly<Record<string, string>> = {
  azurerm_managed_disk: 'the database',
  azurerm_storage_account: 'all backups',
  azurerm_storage_container: 'the backups in it',
  azurerm_key_vault: 'all passwords and the key of the backups',
  azurerm_key_vault_secret: 'a password or the key of the backups',
  azurerm_key_vault_key: 'what is encrypted with it',
  azurerm_disk_encryption_set: 'the way to the disks encrypted with it',
  azurerm_recovery_services_vault: 'all snapshots of the machine',
  azurerm_backup_protected_vm: 'the snapshots of the machine',
  azurerm_resource_group: 'everything in it',
  azurerm_kubernetes_cluster: 'everything that runs in it',
  kubernetes_namespace_v1: 'everything in it',
  kubernetes_stateful_set_v1: 'the database, unless its volume is retained',
  kubernetes_persistent_volume_claim_v1: 'the database or its backups',
  kubernetes_persistent_volume_v1: 'the database or its backups',
  kubernetes_secret_v1: 'a password',
};

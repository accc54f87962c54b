// The storage account: backups, dumps and application bundles. No access keys, no public blobs, old versions kept.
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { StorageAccount } from '@cdktf/provider-azurerm/lib/storage-account';
import { StorageContainer } from '@cdktf/provider-azurerm/lib/storage-container';
import { StorageContainerImmutabilityPolicy } from '@cdktf/provider-azurerm/lib/storage-container-immutability-policy';
import { StorageManagementPolicy } from '@cdktf/provider-azurerm/lib/storage-management-policy';
import type { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import { Construct } from 'constructs';
import type { Deployer } from './deployer';
import { type Place, placed } from './place';

/** Who may reach the account: the networks of the deployer, and the subnet of the machine. */
export interface StorageProps {
  readonly deployer: Deployer;
  readonly subnet: Subnet;
}

export type Storage = ReturnType<typeof addStorage>;

/** @returns the account, its containers, and `mayWrite`, which has to be in force before Terraform may write a blob */
export function addStorage(stack: Construct, place: Place, props: StorageProps) {
  const scope = new Construct(stack, 'storage');
  const { azure, protectData } = place.config;
  const account = addAccount(scope, place, props);
  const addContainer = (name: string, preventDestroy: boolean): StorageContainer =>
    new StorageContainer(scope, name, {
      name,
      storageAccountId: account.id,
      containerAccessType: 'private',
      lifecycle: { preventDestroy },
    });
  const bundles = addContainer('bundles', false);
  // The repository of pgBackRest, which deletes expired backups itself.
  const backups = addContainer('backups', protectData);
  const dumps = addContainer('dumps', protectData);
  const mayWrite = new RoleAssignment(scope, 'deployer-writes', {
    scope: account.id,
    principalId: props.deployer.objectId,
    roleDefinitionName: 'Storage Blob Data Contributor',
  });
  // Deletes only old versions and snapshots. pgBackRest decides which backups are no longer needed.
  new StorageManagementPolicy(scope, 'old-versions', {
    storageAccountId: account.id,
    rule: [
      {
        name: 'old-versions',
        enabled: true,
        filters: { blobTypes: ['blockBlob'] },
        actions: {
          version: { deleteAfterDaysSinceCreation: azure.backupDays },
          snapshot: { deleteAfterDaysSinceCreationGreaterThan: azure.backupDays },
        },
      },
    ],
  });
  // Only for dumps: pgBackRest rewrites files of its repository, which an immutable container forbids.
  if (azure.parts.includes('immutable-dumps'))
    new StorageContainerImmutabilityPolicy(scope, 'dumps-stay', {
      storageContainerResourceManagerId: dumps.id,
      immutabilityPeriodInDays: azure.backupDays,
      protectedAppendWritesAllEnabled: false,
      // Nobody can undo locking the policy, so that is left to the operator.
      locked: false,
    });
  return { account, bundles, backups, dumps, mayWrite };
}

function addAccount(scope: Construct, place: Place, { deployer, subnet }: StorageProps): StorageAccount {
  const { name, azure, protectData } = place.config;
  const keep = { days: Math.min(azure.backupDays, 30) };
  const hasKeys = azure.parts.includes('customer-keys');
  return new StorageAccount(scope, 'account', {
    ...placed(place, 'st'),
    // At most 24 characters, and unique in all of Azure.
    name: `st${name.slice(0, 12)}${deployer.uniqueSuffix}`,
    accountKind: 'StorageV2',
    accountTier: 'Standard',
    accountReplicationType: azure.storageReplication,
    httpsTrafficOnlyEnabled: true,
    minTlsVersion: 'TLS1_2',
    infrastructureEncryptionEnabled: true,
    allowNestedItemsToBePublic: false,
    sharedAccessKeyEnabled: false,
    defaultToOauthAuthentication: true,
    localUserEnabled: false,
    crossTenantReplicationEnabled: false,
    allowedCopyScope: 'AAD',
    // pgBackRest cannot expire backups in a hierarchical namespace.
    isHnsEnabled: false,
    publicNetworkAccessEnabled: !azure.parts.includes('private-endpoints'),
    ...(hasKeys ? { identity: { type: 'SystemAssigned' } } : {}),
    networkRules: {
      defaultAction: 'Deny',
      bypass: ['AzureServices'],
      ipRules: deployer.ipRules,
      virtualNetworkSubnetIds: [subnet.id],
    },
    sasPolicy: { expirationPeriod: '01.00:00:00', expirationAction: 'Log' },
    blobProperties: {
      versioningEnabled: true,
      deleteRetentionPolicy: keep,
      containerDeleteRetentionPolicy: keep,
    },
    lifecycle: {
      preventDestroy: protectData,
      // A separate resource, made by addCustomerKeys, sets this attribute.
      ...(hasKeys ? { ignoreChanges: ['customer_managed_key'] } : {}),
    },
  });
}

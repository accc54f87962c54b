// The storage account: backups, dumps and application bundles. No access keys, no public blobs, old versions kept.
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { StorageAccount } from '@cdktf/provider-azurerm/lib/storage-account';
import { StorageContainer } from '@cdktf/provider-azurerm/lib/storage-container';
import { StorageContainerImmutabilityPolicy } from '@cdktf/provider-azurerm/lib/storage-container-immutability-policy';
import { StorageManagementPolicy } from '@cdktf/provider-azurerm/lib/storage-management-policy';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import type { Deployer } from './deployer';
import type { Network } from './network';
import { type PartProps, placeIn } from './place';

export interface StorageProps extends PartProps {
  readonly deployer: Deployer;
  readonly network: Network;
}

export class Storage extends Construct {
  readonly account: StorageAccount;
  readonly bundles: StorageContainer;
  /** Repository of pgBackRest, which deletes expired backups itself. */
  readonly backups: StorageContainer;
  readonly dumps: StorageContainer;
  /** What has to be in force before Terraform may write a blob. */
  readonly mayWrite: ITerraformDependable;

  constructor(scope: Construct, id: string, props: StorageProps) {
    super(scope, id);
    const { config, deployer } = props;
    this.account = this.addAccount(props);
    this.bundles = this.addContainer('bundles', false);
    this.backups = this.addContainer('backups', config.protectData);
    this.dumps = this.addContainer('dumps', config.protectData);
    this.mayWrite = new RoleAssignment(this, 'deployer-writes', {
      scope: this.account.id,
      principalId: deployer.objectId,
      roleDefinitionName: 'Storage Blob Data Contributor',
    });
    this.dropOldVersions(config.azure.backupDays);
    // Only for dumps: pgBackRest rewrites files of its repository, which an immutable container forbids.
    if (config.azure.parts.includes('immutable-dumps'))
      new StorageContainerImmutabilityPolicy(this, 'dumps-stay', {
        storageContainerResourceManagerId: this.dumps.id,
        immutabilityPeriodInDays: config.azure.backupDays,
        protectedAppendWritesAllEnabled: false,
        // Nobody can undo locking the policy, so that is left to the operator.
        locked: false,
      });
  }

  private addAccount({ config, resourceGroup, deployer, network }: StorageProps): StorageAccount {
    const { backupDays, parts, storageReplication } = config.azure;
    const keep = { days: Math.min(backupDays, 30) };
    return new StorageAccount(this, 'account', {
      ...placeIn(resourceGroup),
      // At most 24 characters, and unique in all of Azure.
      name: `st${config.name.slice(0, 12)}${deployer.uniqueSuffix}`,
      accountKind: 'StorageV2',
      accountTier: 'Standard',
      accountReplicationType: storageReplication,
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
      publicNetworkAccessEnabled: !parts.includes('private-endpoints'),
      ...(parts.includes('customer-keys') ? { identity: { type: 'SystemAssigned' } } : {}),
      networkRules: {
        defaultAction: 'Deny',
        bypass: ['AzureServices'],
        ipRules: deployer.ipRules,
        virtualNetworkSubnetIds: [network.subnet.id],
      },
      sasPolicy: { expirationPeriod: '01.00:00:00', expirationAction: 'Log' },
      blobProperties: {
        versioningEnabled: true,
        deleteRetentionPolicy: keep,
        containerDeleteRetentionPolicy: keep,
      },
      lifecycle: {
        preventDestroy: config.protectData,
        // A separate resource, made by CustomerKeys, sets this attribute.
        ...(parts.includes('customer-keys') ? { ignoreChanges: ['customer_managed_key'] } : {}),
      },
    });
  }

  private addContainer(name: string, preventDestroy: boolean): StorageContainer {
    return new StorageContainer(this, name, {
      name,
      storageAccountId: this.account.id,
      containerAccessType: 'private',
      lifecycle: { preventDestroy },
    });
  }

  // Deletes only old versions and snapshots. pgBackRest decides which backups are no longer needed.
  private dropOldVersions(days: number): void {
    new StorageManagementPolicy(this, 'old-versions', {
      storageAccountId: this.account.id,
      rule: [
        {
          name: 'old-versions',
          enabled: true,
          filters: { blobTypes: ['blockBlob'] },
          actions: {
            version: { deleteAfterDaysSinceCreation: days },
            snapshot: { deleteAfterDaysSinceCreationGreaterThan: days },
          },
        },
      ],
    });
  }
}

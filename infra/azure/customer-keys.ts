// Customer-managed keys for disks and storage (optional part `customer-keys`). Whoever loses the keys loses the data.
import { DiskEncryptionSet } from '@cdktf/provider-azurerm/lib/disk-encryption-set';
import { KeyVaultKey } from '@cdktf/provider-azurerm/lib/key-vault-key';
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import type { StorageAccount } from '@cdktf/provider-azurerm/lib/storage-account';
import { StorageAccountCustomerManagedKeyA } from '@cdktf/provider-azurerm/lib/storage-account-customer-managed-key';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import type { Deployer } from './deployer';
import { type PartProps, placeIn } from './place';
import type { Vault } from './secrets';

export interface CustomerKeysProps extends PartProps {
  readonly deployer: Deployer;
  readonly vault: Vault;
  readonly account: StorageAccount;
  /** Created first: without a public address, the vault is reached only through its private endpoint. */
  readonly after: readonly ITerraformDependable[];
}

/** Two keys in the vault, rotated every year. Azure encrypts its own data keys with them. */
export class CustomerKeys extends Construct {
  readonly diskEncryption: DiskEncryptionSet;
  /** What has to be in force before a disk can be made. */
  readonly mayEncrypt: ITerraformDependable;

  constructor(scope: Construct, id: string, props: CustomerKeysProps) {
    super(scope, id);
    const { config, resourceGroup, deployer, vault, account, after } = props;
    const mayMakeKeys = new RoleAssignment(this, 'deployer-makes-keys', {
      scope: vault.vault.id,
      principalId: deployer.objectId,
      roleDefinitionName: 'Key Vault Crypto Officer',
    });
    const addKey = (name: string) =>
      new KeyVaultKey(this, `${name}-key`, {
        name: `${name}-key`,
        keyVaultId: vault.vault.id,
        keyType: 'RSA',
        keySize: 3072,
        keyOpts: ['unwrapKey', 'wrapKey'],
        rotationPolicy: {
          expireAfter: 'P2Y',
          notifyBeforeExpiry: 'P30D',
          automatic: { timeAfterCreation: 'P1Y' },
        },
        lifecycle: { preventDestroy: config.protectData },
        dependsOn: [mayMakeKeys, ...after],
      });
    const mayUse = (who: string, principalId: string) =>
      new RoleAssignment(this, `${who}-uses-keys`, {
        scope: vault.vault.id,
        principalId,
        principalType: 'ServicePrincipal',
        roleDefinitionName: 'Key Vault Crypto Service Encryption User',
        skipServicePrincipalAadCheck: true,
      });

    this.diskEncryption = new DiskEncryptionSet(this, 'disks', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'des'),
      keyVaultKeyId: addKey('disk').versionlessId,
      autoKeyRotationEnabled: true,
      identity: { type: 'SystemAssigned' },
    });
    this.mayEncrypt = mayUse('disks', this.diskEncryption.identity.principalId);
    new StorageAccountCustomerManagedKeyA(this, 'storage', {
      storageAccountId: account.id,
      keyVaultId: vault.vault.id,
      keyName: addKey('storage').name,
      dependsOn: [mayUse('storage', account.identity.principalId)],
    });
  }
}

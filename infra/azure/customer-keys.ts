// Customer-managed keys for disks and storage (optional part `customer-keys`). Whoever loses the keys loses the data.
import { DiskEncryptionSet } from '@cdktf/provider-azurerm/lib/disk-encryption-set';
import { KeyVaultKey } from '@cdktf/provider-azurerm/lib/key-vault-key';
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { StorageAccountCustomerManagedKeyA } from '@cdktf/provider-azurerm/lib/storage-account-customer-managed-key';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import type { Deployer } from './deployer';
import { type Place, placed } from './place';
import type { Vault } from './secrets';
import type { Storage } from './storage';

export interface CustomerKeysProps {
  readonly deployer: Deployer;
  readonly vault: Vault;
  readonly storage: Storage;
  /** Created first: without a public address, the vault is reached only through its private endpoint. */
  readonly after: readonly ITerraformDependable[];
}

export type CustomerKeys = ReturnType<typeof addCustomerKeys>;

/**
 * Two keys in the vault, rotated every year. Azure encrypts its own data keys with them.
 * @returns how disks are encrypted, and `mayEncrypt`, which has to be in force before a disk can be made
 */
export function addCustomerKeys(stack: Construct, place: Place, props: CustomerKeysProps) {
  const scope = new Construct(stack, 'keys');
  const { deployer, after } = props;
  const { account } = props.storage;
  const { vault } = props.vault;
  const mayMakeKeys = new RoleAssignment(scope, 'deployer-makes-keys', {
    scope: vault.id,
    principalId: deployer.objectId,
    roleDefinitionName: 'Key Vault Crypto Officer',
  });
  const addKey = (name: string) =>
    new KeyVaultKey(scope, `${name}-key`, {
      name: `${name}-key`,
      keyVaultId: vault.id,
      keyType: 'RSA',
      keySize: 3072,
      keyOpts: ['unwrapKey', 'wrapKey'],
      rotationPolicy: {
        expireAfter: 'P2Y',
        notifyBeforeExpiry: 'P30D',
        automatic: { timeAfterCreation: 'P1Y' },
      },
      lifecycle: { preventDestroy: place.config.protectData },
      dependsOn: [mayMakeKeys, ...after],
    });
  const mayUse = (who: string, principalId: string) =>
    new RoleAssignment(scope, `${who}-uses-keys`, {
      scope: vault.id,
      principalId,
      principalType: 'ServicePrincipal',
      roleDefinitionName: 'Key Vault Crypto Service Encryption User',
      skipServicePrincipalAadCheck: true,
    });

  const diskEncryption = new DiskEncryptionSet(scope, 'disks', {
    ...placed(place, 'des'),
    keyVaultKeyId: addKey('disk').versionlessId,
    autoKeyRotationEnabled: true,
    identity: { type: 'SystemAssigned' },
  });
  const mayEncrypt = mayUse('disks', diskEncryption.identity.principalId);
  new StorageAccountCustomerManagedKeyA(scope, 'storage', {
    storageAccountId: account.id,
    keyVaultId: vault.id,
    keyName: addKey('storage').name,
    dependsOn: [mayUse('storage', account.identity.principalId)],
  });
  return { diskEncryption, mayEncrypt };
}

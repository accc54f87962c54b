// The vault and the passwords in it. Terraform generates them while it applies; neither plan nor state has them.
import { KeyVault } from '@cdktf/provider-azurerm/lib/key-vault';
import { KeyVaultSecret } from '@cdktf/provider-azurerm/lib/key-vault-secret';
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { DataResource, type ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { ephemeralPassword } from '../core/ephemeral-password';
import type { Deployer } from './deployer';
import { SECRETS, type SecretName } from './machine/machine-facts';
import type { Network } from './network';
import { type PartProps, placeIn } from './place';

export interface VaultProps extends PartProps {
  readonly deployer: Deployer;
  readonly network: Network;
}

/** Only the machine's subnet and the deployer's networks have access. Deleted secrets can be recovered for 90 days. */
export class Vault extends Construct {
  readonly vault: KeyVault;
  /** What has to be in force before Terraform may write a secret. */
  readonly mayWrite: ITerraformDependable;

  constructor(scope: Construct, id: string, { config, resourceGroup, deployer, network }: VaultProps) {
    super(scope, id);
    this.vault = new KeyVault(this, 'vault', {
      ...placeIn(resourceGroup),
      // At most 24 characters, and unique in all of Azure.
      name: `kv-${config.name.slice(0, 10)}-${deployer.uniqueSuffix}`,
      tenantId: deployer.tenantId,
      skuName: 'standard',
      rbacAuthorizationEnabled: true,
      purgeProtectionEnabled: true,
      softDeleteRetentionDays: 90,
      publicNetworkAccessEnabled: !config.azure.parts.includes('private-endpoints'),
      networkAcls: {
        bypass: 'AzureServices',
        defaultAction: 'Deny',
        ipRules: deployer.ipRules,
        virtualNetworkSubnetIds: [network.subnet.id],
      },
      lifecycle: { preventDestroy: config.protectData },
    });
    this.mayWrite = new RoleAssignment(this, 'deployer-writes', {
      scope: this.vault.id,
      principalId: deployer.objectId,
      roleDefinitionName: 'Key Vault Secrets Officer',
    });
  }
}

export interface SecretsProps extends PartProps {
  readonly vault: Vault;
  /** Created first. A new role takes minutes to take effect, and creating the machine fills that time. */
  readonly after: readonly ITerraformDependable[];
}

/** Names of the secrets in the vault. */
export const SECRET_NAMES: Readonly<Record<SecretName, string>> = {
  postgres: 'postgres-password',
  owner: 'owner-password',
  app: 'app-password',
  monitoring: 'monitoring-password',
  backup: 'backup-password',
  repository: 'repository-cipher',
};

/** One secret for each login, and the cipher of the backups. */
export class Secrets extends Construct {
  readonly secrets: Readonly<Record<SecretName, KeyVaultSecret>>;

  constructor(scope: Construct, id: string, { config, vault, after }: SecretsProps) {
    super(scope, id);
    const passwordExpiry = this.expiry('password-expiry', config.passwordVersion, '8760h');
    const cipherExpiry = this.expiry('cipher-expiry', CIPHER_VERSION, '87600h');
    const add = (name: SecretName): KeyVaultSecret => {
      const isCipher = name === 'repository';
      return new KeyVaultSecret(this, name, {
        keyVaultId: vault.vault.id,
        name: SECRET_NAMES[name],
        contentType: isCipher ? 'cipher' : 'password',
        valueWo: ephemeralPassword(this, name),
        // A value is generated on each run, but sent only when this number grows.
        valueWoVersion: isCipher ? CIPHER_VERSION : config.passwordVersion,
        expirationDate: isCipher ? cipherExpiry : passwordExpiry,
        dependsOn: [vault.mayWrite, ...after],
      });
    };
    this.secrets = Object.fromEntries(SECRETS.map((name) => [name, add(name)])) as Record<
      SecretName,
      KeyVaultSecret
    >;
  }

  // The date is only a reminder: an expired secret can still be read. It changes only with the version; a date that is
  // computed on each run would be a change in each plan.
  private expiry(id: string, version: number, after: string): string {
    const date = new DataResource(this, id, {
      input: { date: `\${timeadd(plantimestamp(), "${after}")}` },
      triggersReplace: { version },
      lifecycle: { ignoreChanges: ['input'] },
    });
    return `\${${date.fqn}.output.date}`;
  }
}

// Older backups cannot be read with a new cipher, so a rotation of passwords does not change it.
const CIPHER_VERSION = 1;

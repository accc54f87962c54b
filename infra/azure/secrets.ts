// The vault and the passwords in it. Terraform generates them while it applies; neither plan nor state has them.
import { KeyVault } from '@cdktf/provider-azurerm/lib/key-vault';
import { KeyVaultSecret } from '@cdktf/provider-azurerm/lib/key-vault-secret';
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import type { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import { type ITerraformDependable, TerraformResource } from 'cdktf';
import { Construct } from 'constructs';
import { ephemeralPassword } from '../core/ephemeral-password';
import type { Deployer } from './deployer';
import { type Place, placed } from './place';

/** Who may reach the vault: the networks of the deployer, and the subnet of the machine. */
export interface VaultProps {
  readonly deployer: Deployer;
  readonly subnet: Subnet;
}

export type Vault = ReturnType<typeof addVault>;

/**
 * Deleted secrets can be recovered for 90 days.
 * @returns the vault, and `mayWrite`, which has to be in force before Terraform may write a secret
 */
export function addVault(stack: Construct, place: Place, { deployer, subnet }: VaultProps) {
  const scope = new Construct(stack, 'vault');
  const { config } = place;
  const vault = new KeyVault(scope, 'vault', {
    ...placed(place, 'kv'),
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
      virtualNetworkSubnetIds: [subnet.id],
    },
    lifecycle: { preventDestroy: config.protectData },
  });
  const mayWrite = new RoleAssignment(scope, 'deployer-writes', {
    scope: vault.id,
    principalId: deployer.objectId,
    roleDefinitionName: 'Key Vault Secrets Officer',
  });
  return { vault, mayWrite };
}

export interface SecretsProps {
  readonly vault: Vault;
  /** Created first. A new role takes minutes to take effect, and creating the machine fills that time. */
  readonly after: readonly ITerraformDependable[];
}

/** Names in the vault of the superuser's secret, those of the four logins, and the cipher of the backup repository. */
export const SECRET_NAMES = {
  postgres: 'postgres-password',
  owner: 'owner-password',
  app: 'app-password',
  monitoring: 'monitoring-password',
  backup: 'backup-password',
  repository: 'repository-cipher',
} as const;

type SecretName = keyof typeof SECRET_NAMES;

export type Secrets = ReturnType<typeof addSecrets>;

/** One secret for each login, and the cipher of the backups. */
export function addSecrets(stack: Construct, { config }: Place, { vault, after }: SecretsProps) {
  const scope = new Construct(stack, 'secrets');
  const password = {
    contentType: 'password',
    // A value is generated on each run, but sent only when this number grows.
    valueWoVersion: config.passwordVersion,
    expirationDate: expiry(scope, 'password-expiry', config.passwordVersion, '8760h'),
  };
  const cipher = {
    contentType: 'cipher',
    valueWoVersion: CIPHER_VERSION,
    expirationDate: expiry(scope, 'cipher-expiry', CIPHER_VERSION, '87600h'),
  };
  const add = (name: SecretName): KeyVaultSecret =>
    new KeyVaultSecret(scope, name, {
      keyVaultId: vault.vault.id,
      name: SECRET_NAMES[name],
      valueWo: ephemeralPassword(scope, name),
      ...(name === 'repository' ? cipher : password),
      dependsOn: [vault.mayWrite, ...after],
    });
  const names = Object.keys(SECRET_NAMES) as SecretName[];
  return Object.fromEntries(names.map((name) => [name, add(name)])) as Record<SecretName, KeyVaultSecret>;
}

// Older backups cannot be read with a new cipher, so a rotation of passwords does not change it.
const CIPHER_VERSION = 1;

// The date is only a reminder: an expired secret can still be read. It changes only with the version; a date that is
// computed on each run would be a change in each plan. It counts from the moment at which it is applied, which a plan does
// not know: a plan with a time in it would be another one each second, and no approval would fit. cdktf has a class for this
// type, but each synthesis would then run Terraform to learn its version, and fail where there is none.
export function expiry(scope: Construct, id: string, version: number, after: string): string {
  const date = new TerraformResource(scope, id, {
    terraformResourceType: 'terraform_data',
    lifecycle: { ignoreChanges: ['input'] },
  });
  date.addOverride('input', { date: `\${timeadd(timestamp(), "${after}")}` });
  date.addOverride('triggers_replace', { version });
  return `\${${date.fqn}.output.date}`;
}

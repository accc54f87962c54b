// Who may log in to the cluster. Its administrator may not create roles, so Terraform does. Provider azurerm 4.55 has no write-only
// arguments for their passwords: unlike those of the azure stack, these passwords are in the state.
import { CosmosdbPostgresqlRole } from '@cdktf/provider-azurerm/lib/cosmosdb-postgresql-role';
import { KeyVaultSecret } from '@cdktf/provider-azurerm/lib/key-vault-secret';
import { type ITerraformDependable, TerraformResource, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import type { Place } from '../azure/place';
import { expiry, type Vault } from '../azure/secrets';
import type { ManagedDatabase } from '../core/logins';
import { RANDOM_PROVIDER } from '../core/pins';
import type { Cluster } from './cluster';

/** The service makes the database and its administrator, both under this name, and nobody may make other databases. */
export const CITUS: ManagedDatabase = { name: 'citus', owner: 'citus', app: 'tsdbapi' };

/** Roles that Terraform makes, by what they are for; those of set `serving`, which grants them their rights. */
export const ROLES = { app: CITUS.app, reader: 'tsdbreader' } as const;

/** Who has a password, and the name of its secret in the vault. The machine reads those of `owner` and `app`. */
const SECRETS = { owner: 'owner-password', app: 'app-password', reader: 'reader-password' } as const;

type LoginName = keyof typeof SECRETS;

export interface Passwords {
  /** References to the passwords. */
  readonly values: Readonly<Record<LoginName, string>>;
  /** A higher number draws another password. */
  readonly versions: Readonly<Record<LoginName, number>>;
}

/**
 * Draws the passwords. Only that of the owner rotates with the settings: the provider replaces a role to change its password, and
 * its rights would go with it.
 */
export function drawPasswords(stack: Construct, { config }: Place): Passwords {
  const scope = new Construct(stack, 'passwords');
  TerraformStack.of(stack).addOverride('terraform.required_providers.random', RANDOM_PROVIDER);
  const versions = { owner: config.passwordVersion, app: 1, reader: 1 };
  const draw = (name: LoginName): string => {
    // There are no generated classes for this provider; see pins.ts.
    const password = new TerraformResource(scope, name, { terraformResourceType: 'random_password' });
    const kinds = { min_lower: 1, min_upper: 1, min_numeric: 1 };
    for (const [key, value] of Object.entries({ length: 40, special: false, ...kinds }))
      password.addOverride(key, value);
    password.addOverride('keepers', { version: versions[name] });
    return `\${${password.fqn}.result}`;
  };
  return { values: { owner: draw('owner'), app: draw('app'), reader: draw('reader') }, versions };
}

/** Makes the roles. A restored cluster has those of the cluster that it comes from, with their passwords. */
export function addRoles(
  stack: Construct,
  { config }: Place,
  { cluster, passwords }: { readonly cluster: Cluster; readonly passwords: Passwords },
): readonly CosmosdbPostgresqlRole[] {
  if (config.azureCluster.restoreFrom !== '') return [];
  const scope = new Construct(stack, 'roles');
  const names = Object.keys(ROLES) as (keyof typeof ROLES)[];
  return names.map(
    (name) =>
      new CosmosdbPostgresqlRole(scope, name, {
        clusterId: cluster.server.id,
        name: ROLES[name],
        password: passwords.values[name],
        lifecycle: {
          preventDestroy: config.protectData,
          // Any other password would replace the role.
          ignoreChanges: ['password'],
        },
      }),
  );
}

export interface ClusterSecretsProps {
  readonly vault: Vault;
  readonly passwords: Passwords;
  readonly after: readonly ITerraformDependable[];
}

/** The passwords in the vault, for the machine and for people. */
export function addClusterSecrets(stack: Construct, { vault, passwords, after }: ClusterSecretsProps) {
  const scope = new Construct(stack, 'secrets');
  const add = (name: LoginName): KeyVaultSecret =>
    new KeyVaultSecret(scope, name, {
      keyVaultId: vault.vault.id,
      name: SECRETS[name],
      contentType: 'password',
      valueWo: passwords.values[name],
      valueWoVersion: passwords.versions[name],
      expirationDate: expiry(scope, `${name}-expiry`, passwords.versions[name], '8760h'),
      dependsOn: [vault.mayWrite, ...after],
    });
  return { owner: add('owner'), app: add('app'), reader: add('reader') };
}

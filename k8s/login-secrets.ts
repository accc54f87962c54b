// The passwords of the logins that `tsdb logins` makes. Each has its own Secret, so that a pod has only those it needs.
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { LOGINS, type LoginName } from '../infra/core/logins';
import { Password, type PasswordSecret } from './password';

export interface LoginPasswordsProps {
  readonly config: DeployConfig;
  readonly namespace: string;
}

export type LoginSecrets = Readonly<Record<LoginName, PasswordSecret>>;

/** A higher `passwordVersion` replaces all passwords; the schema Job then sets them in the database. */
export class LoginPasswords extends Construct {
  readonly secrets: LoginSecrets;

  constructor(scope: Construct, id: string, { config, namespace }: LoginPasswordsProps) {
    super(scope, id);
    const version = config.passwordVersion;
    this.secrets = Object.fromEntries(
      LOGINS.map((login) => [login, new Password(this, login, { config, namespace, login, version })]),
    ) as Record<LoginName, Password>;
  }
}

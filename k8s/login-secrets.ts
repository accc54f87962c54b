// The passwords of the logins that `tsdb logins` makes: one Secret each, so that a pod holds no other's.
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { LOGINS, type LoginName } from '../infra/core/logins';
import { Password, type PasswordSecret } from './password';

export interface LoginPasswordsProps {
  readonly config: DeployConfig;
  readonly namespace: string;
}

export type LoginSecrets = Readonly<Record<LoginName, PasswordSecret>>;

/** A higher `passwordVersion` replaces all of them; the schema Job then tells the database. */
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

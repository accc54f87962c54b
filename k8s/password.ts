// The passwords of the logins. Terraform generates them while it applies, and only the cluster keeps them.
import { SecretV1 } from '@cdktf/provider-kubernetes/lib/secret-v1';
import { Construct } from 'constructs';
import { ephemeralPassword } from '../infra/core/ephemeral-password';
import { LOGINS, type Login, type LoginName } from '../infra/core/logins';
import { addExternalSecret } from './external-secret';
import { metadata, type Place } from './metadata';

/** Where a password is stored. The names are references. */
export interface SecretKey {
  readonly secretName: string;
  readonly key: string;
}

export interface PasswordSecret extends SecretKey {
  /** Identity of the Secret. A Secret that is lost and made again has another password and another identity. */
  readonly identity: string;
}

export type LoginSecrets = Readonly<Record<LoginName, PasswordSecret>>;

/**
 * For the logins that `tsdb logins` makes: each has its own Secret, so that a pod has only those it needs. A higher
 * `passwordVersion` replaces all passwords; the schema Job then sets them in the database. The superuser's, which that Job
 * needs, is set by the database pod itself.
 */
export function addLoginPasswords(stack: Construct, place: Place): LoginSecrets {
  const scope = new Construct(stack, 'passwords');
  const { passwordVersion } = place.config;
  const add = (login: LoginName) =>
    addPassword(new Construct(scope, login), place, { login, version: passwordVersion });
  return Object.fromEntries(LOGINS.map((login) => [login, add(login)])) as Record<LoginName, PasswordSecret>;
}

export interface PasswordProps {
  readonly login: Login;
  /** A password is generated on each run, but sent only when this number grows. */
  readonly version: number;
}

/** The password never gets into the state, because an ephemeral value is written to a write-only attribute. */
export function addPassword(
  scope: Construct,
  place: Place,
  { login, version }: PasswordProps,
): PasswordSecret {
  if (place.config.kubernetes.secretStore !== '') return addExternalSecret(scope, place, { login, version });
  const key = 'password';
  const secret = new SecretV1(scope, 'secret', {
    metadata: metadata(place, login),
    type: 'Opaque',
    dataWo: { [key]: ephemeralPassword(scope, login) },
    dataWoRevision: version,
    // A Secret that is made again has another password, and people or programs may know this one.
    lifecycle: { preventDestroy: place.config.protectData },
  });
  return { secretName: secret.metadata.name, key, identity: secret.metadata.uid };
}

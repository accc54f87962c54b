// The password of one login. Terraform generates it while it applies, and only the cluster keeps it.
import { SecretV1 } from '@cdktf/provider-kubernetes/lib/secret-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { ephemeralPassword } from '../infra/core/ephemeral-password';
import type { Login } from '../infra/core/logins';
import { kubernetesLabels } from '../infra/core/names';

export interface PasswordProps {
  readonly config: DeployConfig;
  readonly namespace: string;
  readonly login: Login;
  /** A password is generated on each run, but sent only when this number grows. */
  readonly version: number;
}

/** Where a password is stored. The names are references. */
export interface SecretKey {
  readonly secretName: string;
  readonly key: string;
}

export interface PasswordSecret extends SecretKey {
  /** Identity of the Secret. A Secret that is lost and made again has another password and another identity. */
  readonly identity: string;
}

/** The password never gets into the state, because an ephemeral value is written to a write-only attribute. */
export class Password extends Construct implements PasswordSecret {
  readonly secretName: string;
  readonly key = 'password';
  readonly identity: string;

  constructor(scope: Construct, id: string, { config, namespace, login, version }: PasswordProps) {
    super(scope, id);
    const secret = new SecretV1(this, 'secret', {
      metadata: { name: `${config.name}-${login}`, namespace, labels: kubernetesLabels(config, login) },
      type: 'Opaque',
      dataWo: { [this.key]: ephemeralPassword(this, login) },
      dataWoRevision: version,
      // Losing the superuser's password would lock everybody out of a database whose volume still exists.
      lifecycle: { preventDestroy: config.protectData },
    });
    this.secretName = secret.metadata.name;
    this.identity = secret.metadata.uid;
  }
}

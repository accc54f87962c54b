// The superuser's password: made by Terraform while it applies, kept in the cluster and nowhere else.

import { SecretV1 } from '@cdktf/provider-kubernetes/lib/secret-v1';
import { TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from '../infra/core/names';
import { RANDOM_PROVIDER } from '../infra/core/pins';

export interface PasswordProps {
  readonly config: DeployConfig;
  readonly namespace: string;
}

/** Where pods find the password, and the key of the Secret that becomes the file's name. */
export const SECRET_FOLDER = '/run/secrets/tsdb';
export const PASSWORD_KEY = 'postgres-password';
export const PASSWORD_FILE = `${SECRET_FOLDER}/${PASSWORD_KEY}`;

/** Value and state never meet: an ephemeral password feeds a write-only attribute. */
export class Password extends Construct {
  readonly secretName: string;

  constructor(scope: Construct, id: string, { config, namespace }: PasswordProps) {
    super(scope, id);
    // cdktf generates no classes for ephemeral resources; this is the same thing spelled out.
    const stack = TerraformStack.of(this);
    stack.addOverride('terraform.required_providers.random', RANDOM_PROVIDER);
    stack.addOverride('ephemeral.random_password.database', { length: 40, special: false });

    const secret = new SecretV1(this, 'secret', {
      metadata: { name: `${config.name}-database`, namespace, labels: kubernetesLabels(config, 'database') },
      type: 'Opaque',
      dataWo: { [PASSWORD_KEY]: `\${ephemeral.random_password.database.result}` },
      // A new password is drawn on each run but sent only when this number grows. It must not grow by itself: the
      // server reads the password at its first start only, so a new one needs an ALTER ROLE too.
      dataWoRevision: 1,
      // Losing it locks everybody out of a database whose volume is still there.
      lifecycle: { preventDestroy: config.protectData },
    });
    this.secretName = secret.metadata.name;
  }
}

// The superuser's password in the form that the operator expects: name and password in one Secret, which it watches.
import { SecretV1 } from '@cdktf/provider-kubernetes/lib/secret-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../../infra/core/config';
import { ephemeralPassword } from '../../infra/core/ephemeral-password';
import { DATABASE, kubernetesLabels } from '../../infra/core/names';
import { haNames } from './names';

export interface SuperuserSecretProps {
  readonly config: DeployConfig;
  readonly namespace: string;
}

export const SUPERUSER_KEY = 'password';

/** In neither state nor plan. A higher `passwordVersion` generates another, which the operator sets in the database. */
export class SuperuserSecret extends Construct {
  readonly secret: SecretV1;

  constructor(scope: Construct, id: string, { config, namespace }: SuperuserSecretProps) {
    super(scope, id);
    this.secret = new SecretV1(this, 'secret', {
      metadata: {
        name: haNames(config).superuserSecret,
        namespace,
        // Without this label the operator would notice a new password only the next time it checks the cluster.
        labels: { ...kubernetesLabels(config, 'database'), 'cnpg.io/reload': 'true' },
      },
      type: 'kubernetes.io/basic-auth',
      dataWo: {
        username: DATABASE.superuser,
        [SUPERUSER_KEY]: ephemeralPassword(this, 'superuser'),
      },
      dataWoRevision: config.passwordVersion,
    });
  }
}

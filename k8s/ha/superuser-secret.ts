// The superuser's password in the form that the operator expects: name and password in one Secret, which it watches.
import { SecretV1 } from '@cdktf/provider-kubernetes/lib/secret-v1';
import { Construct } from 'constructs';
import { ephemeralPassword } from '../../infra/core/ephemeral-password';
import { DATABASE } from '../../infra/core/names';
import { metadata, type Place } from '../metadata';
import { haNames } from './names';

export const SUPERUSER_KEY = 'password';

/** In neither state nor plan. A higher `passwordVersion` generates another, which the operator sets in the database. */
export function addSuperuserSecret(stack: Construct, place: Place): SecretV1 {
  const scope = new Construct(stack, 'superuser');
  const { config } = place;
  const { name, namespace, labels } = metadata(place, 'database', haNames(config).superuserSecret);
  return new SecretV1(scope, 'secret', {
    // Without this label the operator would notice a new password only the next time it checks the cluster.
    metadata: { name, namespace, labels: { ...labels, 'cnpg.io/reload': 'true' } },
    type: 'kubernetes.io/basic-auth',
    dataWo: {
      username: DATABASE.superuser,
      [SUPERUSER_KEY]: ephemeralPassword(scope, 'superuser'),
    },
    dataWoRevision: config.passwordVersion,
  });
}

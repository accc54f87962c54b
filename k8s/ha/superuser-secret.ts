// The superuser's password in the form that the operator expects: name and password in one Secret, which it watches.
import { SecretV1 } from '@cdktf/provider-kubernetes/lib/secret-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { ephemeralPassword } from '../../infra/core/ephemeral-password';
import { DATABASE } from '../../infra/core/names';
import { addExternalSecret } from '../external-secret';
import { metadata, type Place } from '../metadata';
import { haNames } from './names';

const TYPE = 'kubernetes.io/basic-auth';

export const SUPERUSER_KEY = 'password';

/** In neither state nor plan. A higher `passwordVersion` generates another, which the operator sets in the database. */
export function addSuperuserSecret(stack: Construct, place: Place): ITerraformDependable {
  const scope = new Construct(stack, 'superuser');
  const { config } = place;
  const { name, namespace, labels } = metadata(place, 'database', haNames(config).superuserSecret);
  // Without this label the operator would notice a new password only the next time it checks the cluster.
  const noticed = { 'cnpg.io/reload': 'true' };
  if (config.kubernetes.secretStore !== '')
    return addExternalSecret(scope, place, {
      login: 'superuser',
      version: config.passwordVersion,
      template: {
        type: TYPE,
        metadata: { labels: noticed },
        data: { username: DATABASE.superuser, [SUPERUSER_KEY]: '{{ .password }}' },
      },
    }).object;
  return new SecretV1(scope, 'secret', {
    metadata: { name, namespace, labels: { ...labels, ...noticed } },
    type: TYPE,
    dataWo: {
      username: DATABASE.superuser,
      [SUPERUSER_KEY]: ephemeralPassword(scope, 'superuser'),
    },
    dataWoRevision: config.passwordVersion,
  });
}

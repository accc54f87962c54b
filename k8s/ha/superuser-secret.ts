// The superuser's password in the form that the operators of databases expect: name and password in one Secret.
import { SecretV1 } from '@cdktf/provider-kubernetes/lib/secret-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { ephemeralPassword } from '../../infra/core/ephemeral-password';
import { DATABASE } from '../../infra/core/names';
import { addExternalSecret } from '../external-secret';
import { metadata, type Place } from '../metadata';

const TYPE = 'kubernetes.io/basic-auth';

/** Its keys. */
export const SUPERUSER = { name: 'username', password: 'password' } as const;

export interface SuperuserSecretProps {
  readonly name: string;
  /** A higher one generates another password, and it is for the operator to set it in the database. */
  readonly version: number;
  /** In addition to those of every object. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The password is in neither state nor plan. */
export function addSuperuserSecret(
  stack: Construct,
  place: Place,
  { name: secret, version, labels: own = {} }: SuperuserSecretProps,
): ITerraformDependable {
  const scope = new Construct(stack, 'superuser');
  const { name, namespace, labels } = metadata(place, 'database', secret);
  if (place.config.kubernetes.secretStore !== '')
    return addExternalSecret(scope, place, {
      login: 'superuser',
      version,
      template: {
        type: TYPE,
        metadata: { labels: own },
        data: { [SUPERUSER.name]: DATABASE.superuser, [SUPERUSER.password]: '{{ .password }}' },
      },
    }).object;
  return new SecretV1(scope, 'secret', {
    metadata: { name, namespace, labels: { ...labels, ...own } },
    type: TYPE,
    dataWo: {
      [SUPERUSER.name]: DATABASE.superuser,
      [SUPERUSER.password]: ephemeralPassword(scope, 'superuser'),
    },
    dataWoRevision: version,
  });
}

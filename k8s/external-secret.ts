// Passwords that a store outside of the cluster has: the operator external-secrets copies them into Secrets.
import { Fn } from 'cdktf';
import type { Construct } from 'constructs';
import type { Login } from '../infra/core/logins';
import { addOperatorObject } from './ha/manifest';
import { metadata, type Place } from './metadata';

/** As in the definitions of version 2.9.0 of the operator. */
const EXTERNAL_SECRETS_API = 'external-secrets.io/v1';

export interface ExternalSecretProps {
  readonly login: Login;
  readonly version: number;
  /** What the Secret has besides its password, for an operator that wants more. */
  readonly template?: Readonly<Record<string, unknown>>;
}

/**
 * The Secret gets the password that the store has under `<name>-<environment>-<login>`, and again only when the version grows:
 * otherwise the pods would have another password than the database. A higher version is another Secret, which new pods wait
 * for, and the check of their rollout says so. Only the superuser's keeps its name, as the database takes its new password over by itself.
 */
export function addExternalSecret(
  scope: Construct,
  place: Place,
  { login, version, template }: ExternalSecretProps,
) {
  const { config } = place;
  const { name } = metadata(place, login);
  const secret = login === 'superuser' || version === 1 ? name : `${name}-${version}`;
  const [kind, store] = config.kubernetes.secretStore.split('/');
  const key = 'password';
  const object = addOperatorObject(scope, place, {
    id: 'secret',
    component: login,
    name: secret,
    annotations: { 'timescaledb-as-code/password-version': String(version) },
    apiVersion: EXTERNAL_SECRETS_API,
    kind: 'ExternalSecret',
    spec: {
      refreshPolicy: 'OnChange',
      secretStoreRef: { kind, name: store },
      target: { name: secret, creationPolicy: 'Owner', ...(template === undefined ? {} : { template }) },
      data: [{ secretKey: key, remoteRef: { key: `${config.name}-${config.environment}-${login}` } }],
    },
  });
  object.lifecycle = { createBeforeDestroy: true };
  // The name comes from the object, so that whatever has the Secret is made after it.
  return {
    secretName: Fn.lookupNested(object.object, ['metadata', 'name']) as string,
    key,
    identity: 'in a store',
    object,
  };
}

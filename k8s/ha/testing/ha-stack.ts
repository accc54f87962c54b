// Synthesises the stack kubernetes-ha alone, and reads the operator's objects back.
import { readConfig } from '../../../infra/core/config';
import { IMAGE_FLAVOURS } from '../../../infra/core/pins';
import { type SynthesisedStack, synthesiseStack } from '../../../infra/core/testing/synthesise';
import { KubernetesHaStack } from '../stack';

export const HA = { TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: IMAGE_FLAVOURS.ha.image };
export const S3 = {
  ...HA,
  TSDB_DEPLOY_HA_BACKUP_URL: 's3://plant/pg',
  TSDB_DEPLOY_HA_BACKUP_SECRET: 'store-keys',
  TSDB_DEPLOY_HA_BACKUP_ENDPOINT: 'https://minio.example.org:9000',
};
export const AZURE = {
  ...HA,
  TSDB_DEPLOY_HA_BACKUP_URL: 'https://plant.blob.core.windows.net/pg',
  TSDB_DEPLOY_HA_BACKUP_IDENTITY: '00000000-0000-0000-0000-000000000000',
};
export const RESTORED = {
  ...HA,
  TSDB_DEPLOY_NAME: 'restored',
  TSDB_DEPLOY_HA_BACKUP_URL: 'gs://plant/pg',
  TSDB_DEPLOY_HA_BACKUP_SECRET: 'store-keys',
  TSDB_DEPLOY_HA_RESTORE_FROM: 'tsdb-prod',
  TSDB_DEPLOY_HA_RESTORE_TIME: '2026-01-31 23:59:00+00',
};

type Env = Readonly<Record<string, string>>;

export interface OperatorObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: five kinds, read field by field
  readonly spec: any;
}

/** A `kubernetes_manifest` as Terraform gets it. */
export interface ManifestResource {
  readonly manifest: OperatorObject;
  readonly computed_fields?: readonly string[];
  readonly depends_on?: readonly string[];
  readonly [attribute: string]: unknown;
}

const known = new Map<string, SynthesisedStack>();

/** The same settings are synthesised once. */
export function synthesiseHa(env: Env = HA): SynthesisedStack {
  const key = JSON.stringify(env);
  const stack =
    known.get(key) ??
    synthesiseStack((app, id) => new KubernetesHaStack(app, id, { config: readConfig(env) }));
  known.set(key, stack);
  return stack;
}

export function manifestsOf(env: Env): readonly ManifestResource[] {
  return Object.values(synthesiseHa(env).resource.kubernetes_manifest ?? {}) as ManifestResource[];
}

/** The only object of a kind. */
export function objectOf(kind: string, env: Env = HA): OperatorObject {
  const found = manifestsOf(env).filter(({ manifest }) => manifest.kind === kind);
  if (found[0] === undefined || found.length > 1)
    throw new Error(`expected one ${kind}, found ${found.length}`);
  return found[0].manifest;
}

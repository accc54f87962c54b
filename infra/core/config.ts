// Environment -> frozen DeployConfig. The only place of infra/ and k8s/ that reads process.env.
import { ENVIRONMENTS } from '../environments';
import { type AksConfig, readAks } from './config/aks';
import { type AzureConfig, readAzure } from './config/azure';
import { type HaClusterConfig, readHaCluster } from './config/ha';
import { type KubernetesConfig, readKubernetes } from './config/kubernetes';
import { IMAGE_REFERENCE, Reader, type Variables } from './config/reader';
import { IMAGE_FLAVOURS, type ImageFlavour } from './pins';
import { type Environment, textsOf } from './settings';

/** The whole deployment as checked, frozen data. `settings.ts` says what each value means. */
export interface DeployConfig {
  readonly name: string;
  readonly environment: string;
  readonly protectData: boolean;
  readonly diskGiB: number;
  readonly image: ImageFlavour;
  readonly schemas: string;
  /** New passwords are drawn when it grows. */
  readonly passwordVersion: number;
  /** Hazards of schema changes that are consented to, comma-separated; empty for none. */
  readonly allow: string;
  /** Where Terraform keeps its state; `account` is empty for local files. */
  readonly state: { readonly account: string; readonly container: string };
  readonly azure: AzureConfig;
  readonly kubernetes: KubernetesConfig;
  readonly ha: HaClusterConfig;
  readonly aks: AksConfig;
}

/**
 * A variable wins over the chosen environment, which wins over the default. Checks all settings before it gives up
 * on any.
 * @throws UsageError with one line per fault
 */
export function readConfig(
  env: Variables = process.env,
  environments: Readonly<Record<string, Environment>> = ENVIRONMENTS,
): DeployConfig {
  const read = new Reader(env);
  const environment = read.oneOf('TSDB_DEPLOY_ENVIRONMENT', Object.keys(environments));
  read.fallBackOn(textsOf(environments[environment] ?? {}));
  const config: DeployConfig = {
    environment,
    // 16 + 12 characters keep every Azure name within its limit.
    name: read.matching('TSDB_DEPLOY_NAME', /^[a-z][a-z0-9]{1,15}$/, '2 to 16 lower-case letters and digits'),
    protectData: read.oneOf('TSDB_DEPLOY_PROTECT_DATA', ['true', 'false']) === 'true',
    diskGiB: read.wholeNumber('TSDB_DEPLOY_DISK_GIB', 16, 65_536),
    image: imageOf(read),
    schemas: read.matching(
      'TSDB_SCHEMAS',
      /^[a-z][a-z0-9_]*(,[a-z][a-z0-9_]*)*$/,
      'names of schema sets, comma-separated',
    ),
    passwordVersion: read.wholeNumber('TSDB_DEPLOY_PASSWORD_VERSION', 1, 1_000_000),
    allow: read.optional(
      'TSDB_DEPLOY_ALLOW',
      /^[a-z]+(-[a-z]+)*(,[a-z]+(-[a-z]+)*)*$/,
      'hazards such as deletes-data',
    ),
    state: {
      account: read.optional(
        'TSDB_DEPLOY_STATE_ACCOUNT',
        /^[a-z0-9]{3,24}$/,
        '3 to 24 lower-case letters and digits',
      ),
      container: read.matching(
        'TSDB_DEPLOY_STATE_CONTAINER',
        /^[a-z0-9](-?[a-z0-9]){2,62}$/,
        '3 to 63 lower-case letters, digits and hyphens',
      ),
    },
    azure: readAzure(read),
    kubernetes: readKubernetes(read),
    ha: readHaCluster(read),
    aks: readAks(read),
  };
  read.refuseFaults();
  return freezeDeep(config);
}

function imageOf(read: Reader): ImageFlavour {
  const flavour = read.oneOf('TSDB_DEPLOY_DB_FLAVOUR', ['alpine', 'ha']);
  const image = read.optional('TSDB_DEPLOY_DB_IMAGE', IMAGE_REFERENCE, 'an image reference');
  const pinned: ImageFlavour = IMAGE_FLAVOURS[flavour];
  return image === '' ? { ...pinned } : { ...pinned, image };
}

function freezeDeep<T extends object>(value: T): T {
  for (const inner of Object.values(value))
    if (typeof inner === 'object' && inner !== null) freezeDeep(inner);
  return Object.freeze(value);
}

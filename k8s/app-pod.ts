// What all pods that run `tsdb` have in common: image, environment variables, and a login's password as a file.
import { appEnvironment } from '../infra/core/app-environment';
import type { Login } from '../infra/core/logins';
import type { DatabaseAccess } from './database-access';
import { type Place, selectorLabels } from './metadata';
import type { LoginSecrets } from './password';
import { PASSWORD_FILE, passwordMount, passwordVolume } from './password-file';
import { CONTAINER_SECURITY, environment, podIdentity, resources } from './pod-parts';
import { quantityOf } from './quantity';

/** The same for all of these pods. */
export interface AppProps extends Place {
  readonly database: DatabaseAccess;
  readonly secrets: LoginSecrets;
  /** Image with the `tsdb` command, as a reference to the `app_image` variable. */
  readonly image: string;
  /** Host name of the pooler, when there is one for API and consumers. */
  readonly pooler?: string | undefined;
}

export interface AppPodProps<Volume> {
  readonly serviceAccount: string;
  /** The logins whose passwords the containers may mount. */
  readonly logins: readonly Login[];
  /** Further volumes for the containers to mount. */
  readonly volume?: readonly Volume[];
}

/** Any user except root will do for the application image. Its group owns the volumes. */
export const APP_USER = { uid: 10_001, gid: 10_001 };

/** In MiB: the size of `/tmp`. Imports and restores keep small files there; dumps are written to the volume of the backups. */
export const TMP_MIB = 256;

/** The pod around application containers. */
export function appPod<Volume = never>(
  { database, secrets }: AppProps,
  { serviceAccount, logins, volume = [] }: AppPodProps<Volume>,
) {
  return {
    ...podIdentity(serviceAccount, APP_USER),
    volume: [
      ...logins.map((login) =>
        passwordVolume(login, login === 'superuser' ? database.superuser : secrets[login]),
      ),
      { name: 'tmp', emptyDir: { sizeLimit: quantityOf(TMP_MIB) } },
      ...volume,
    ],
  };
}

export interface AppContainerProps {
  readonly name: string;
  /** One of the logins of its pod. */
  readonly login: Login;
  /** Arguments of `tsdb`. */
  readonly args: readonly string[];
  /** In addition to what every `tsdb` command reads. */
  readonly env?: Readonly<Record<string, string>>;
  readonly volumeMount?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
  /** Whether it may share connections: it keeps nothing in a session from one transaction to the next. */
  readonly sharesConnections?: boolean;
  /** Cores requested. */
  readonly cpu?: string;
  /** Request and limit. */
  readonly memoryMiB?: number;
}

/** A container that runs `tsdb`. Its pod is an `appPod`. */
export function appContainer(
  { config, database, image, pooler }: AppProps,
  {
    name,
    login,
    args,
    env = {},
    volumeMount = [],
    cpu = '100m',
    memoryMiB = 256,
    ...props
  }: AppContainerProps,
) {
  const { schemas } = config;
  const host = props.sharesConnections ? (pooler ?? database.host) : database.host;
  const common = appEnvironment({ host, login, passwordFile: PASSWORD_FILE, schemas });
  return {
    name,
    image,
    command: ['tsdb', ...args],
    env: environment({ ...common, ...env }),
    resources: resources(cpu, memoryMiB, TMP_MIB),
    securityContext: CONTAINER_SECURITY,
    // `kubectl describe` then shows the last lines of the log as the reason of a failure.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMount: [passwordMount(login), { name: 'tmp', mountPath: '/tmp' }, ...volumeMount],
  };
}

/** Annotations of pods that read their password only at their start: these change with the password, without revealing it. */
export const passwordAnnotations = ({ config, secrets }: Pick<AppProps, 'config' | 'secrets'>) => ({
  'timescaledb-as-code/password': secrets.app.identity,
  'timescaledb-as-code/password-version': String(config.passwordVersion),
});

/** Spreads the pods of a component over zones and nodes. */
export const spreadPods = ({ config }: Pick<AppProps, 'config'>, component: string) =>
  ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    // So that a cluster of one node can run all of them.
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: [{ matchLabels: selectorLabels(config, component) }],
    // Pods of the previous version, which are about to end, do not count.
    matchLabelKeys: ['pod-template-hash'],
  }));

/** Probes of a container that answers `/health/live` and `/health/ready` on a port. */
export function healthProbes(port: number) {
  const get = (path: string) => ({ httpGet: { path, port: String(port) }, timeoutSeconds: 5 });
  return {
    startupProbe: { ...get('/health/live'), periodSeconds: 2, failureThreshold: 60 },
    livenessProbe: { ...get('/health/live'), periodSeconds: 10, failureThreshold: 6 },
    readinessProbe: { ...get('/health/ready'), periodSeconds: 5, failureThreshold: 3 },
  };
}

// What all pods that run `tsdb` have in common: image, environment variables, and a login's password as a file.
import { appEnvironment } from '../infra/core/app-environment';
import type { DeployConfig } from '../infra/core/config';
import type { Login } from '../infra/core/logins';
import type { DatabaseAccess } from './database-access';
import { environment } from './environment';
import type { LoginSecrets } from './login-secrets';
import type { SecretKey } from './password';
import { PASSWORD_FILE, passwordMount, passwordVolume } from './password-file';
import { CONTAINER_SECURITY, podSecurity } from './pod-security';

/** The same for all of these pods. */
export interface AppProps {
  readonly config: DeployConfig;
  readonly namespace: string;
  readonly database: DatabaseAccess;
  readonly secrets: LoginSecrets;
  /** Image with the `tsdb` command, as a reference to the `app_image` variable. */
  readonly image: string;
}

export interface AppPodProps extends AppProps {
  readonly serviceAccount: string;
}

/** What a container has in addition. */
export interface ContainerExtras {
  readonly env?: Readonly<Record<string, string>>;
  readonly volumeMount?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
  /** Cores requested. */
  readonly cpu?: string;
  /** Request and limit. */
  readonly memoryMiB?: number;
}

/** Any user except root will do for the application image. Its group owns the volumes. */
export const APP_USER = 10_001;

/**
 * The pod around application containers.
 * @param login the login whose password the containers may mount, or several of them
 * @param volume further volumes for the containers to mount
 */
export function appPod<Volume = never>(
  props: AppPodProps,
  login: Login | readonly Login[],
  volume: readonly Volume[] = [],
) {
  const logins = typeof login === 'string' ? [login] : login;
  return {
    serviceAccountName: props.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(APP_USER, APP_USER),
    volume: [
      ...logins.map((one) => passwordVolume(one, secretOf(props, one))),
      { name: 'tmp', emptyDir: { sizeLimit: '256Mi' } },
      ...volume,
    ],
  };
}

/** A container that runs `tsdb` with these arguments, logged in as `login`. Its pod is an `appPod` with that login. */
export function appContainer(
  props: AppProps,
  login: Login,
  name: string,
  args: readonly string[],
  { env = {}, volumeMount = [], cpu = '100m', memoryMiB = 256 }: ContainerExtras = {},
) {
  const memory = `${memoryMiB}Mi`;
  return {
    name,
    image: props.image,
    command: ['tsdb', ...args],
    env: environment({ ...environmentOf(props, login), ...env }),
    // No CPU limit: it would throttle in the middle of a request.
    resources: { requests: { cpu, memory }, limits: { memory } },
    securityContext: CONTAINER_SECURITY,
    // `kubectl describe` then shows the last lines of the log as the reason of a failure.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMount: [passwordMount(login), { name: 'tmp', mountPath: '/tmp' }, ...volumeMount],
  };
}

function environmentOf({ config, database }: AppProps, login: Login): Readonly<Record<string, string>> {
  const { host } = database;
  return appEnvironment({ host, login, passwordFile: PASSWORD_FILE, schemas: config.schemas });
}

function secretOf({ database, secrets }: AppProps, login: Login): SecretKey {
  return login === 'superuser' ? database.superuser : secrets[login];
}

// What the schema Job and the API have in common: same image, same environment names, same way to the password.

import type { DeployConfig } from '../infra/core/config';
import { DATABASE } from '../infra/core/names';
import { PASSWORD_FILE, SECRET_FOLDER } from './password';
import { CONTAINER_SECURITY, podSecurity } from './pod-security';

export interface AppProps {
  readonly config: DeployConfig;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly secretName: string;
  /** Host name of the database. */
  readonly databaseHost: string;
  /** Image with the `tsdb` command, as a reference to the `app_image` variable. */
  readonly image: string;
}

/** Any user but root: the application image needs no particular one. */
const APP_USER = 10_001;

/** The pod around an application container. */
export function appPod({ serviceAccount, secretName }: AppProps) {
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(APP_USER, APP_USER),
    volume: [
      { name: 'password', secret: { secretName, defaultMode: '0440' } },
      { name: 'tmp', emptyDir: { sizeLimit: '256Mi' } },
    ],
  };
}

/** An application container that runs `tsdb` with these arguments. */
export function appContainer(props: AppProps, name: string, args: readonly string[]) {
  return {
    name,
    image: props.image,
    command: ['tsdb', ...args],
    env: Object.entries(appEnvironment(props)).map(([variable, value]) => ({ name: variable, value })),
    resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '256Mi' } },
    securityContext: CONTAINER_SECURITY,
    volumeMount: [
      { name: 'password', mountPath: SECRET_FOLDER, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

function appEnvironment({ config, databaseHost }: AppProps): Readonly<Record<string, string>> {
  return {
    PGHOST: databaseHost,
    PGPORT: String(DATABASE.port),
    PGUSER: DATABASE.superuser,
    PGDATABASE: DATABASE.name,
    PGPASSWORD_FILE: PASSWORD_FILE,
    TSDB_SCHEMAS: config.schemas,
  };
}

// The services of the compose file that run the built program: the two places of the API, and the tools of a rollout.
import { apiEnvironment, appEnvironment } from '../../../core/app-environment';
import type { Login, LoginName } from '../../../core/logins';
import { NODE_IMAGE } from '../../../core/pins';
import type { ApiPlace } from '../caddyfile';
import { DUMP_IMAGE } from '../dump-image';
import type { ReleaseProps } from '../release-props';
import { poolerOf } from './pooler-service';
import { APP_USER, bind, HARDENED, onDisk, secret } from './service-parts';

export const PROGRAM = '/app';
const LOGIN_FOLDER = '/run/secrets/logins';
const PASSWORD_FILE = '/run/secrets/password';

/**
 * Asks a program of ours whether it is ready. It uses Node, because the image has no HTTP client.
 * @param port name of the variable with its port
 */
export const readyAt = (port: 'PORT' | 'TSDB_STREAM_PORT'): readonly string[] => [
  'CMD',
  'node',
  '-e',
  `fetch('http://127.0.0.1:' + process.env.${port} + '/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`,
];

/** The API, with a login that owns nothing. Its networks lead only to Caddy and the database. */
export function apiService(props: ReleaseProps, place: ApiPlace) {
  const host = props.pooler === undefined ? undefined : poolerOf(place);
  return {
    ...program(props, 'app'),
    command: ['node', `${PROGRAM}/tsdb.js`, 'serve'],
    // Only Caddy sends it requests: nothing else on its networks speaks HTTP.
    environment: {
      ...environment(props, 'app', host),
      ...apiEnvironment({ behindProxy: true, hasOwnRights: props.managed !== undefined }),
    },
    networks: [databaseNetwork(props), 'edge'],
    stop_grace_period: '60s',
    mem_limit: '256m',
    healthcheck: { test: readyAt('PORT'), interval: '2s', timeout: '5s', retries: 90 },
  };
}

/**
 * Makes some of the logins, as superuser. The login of the API has a service of its own, because a rollout changes its
 * password only right before the new API starts: the old API cannot open connections afterwards.
 */
export function loginsService(props: ReleaseProps, names: readonly LoginName[]) {
  const service = program(props, 'superuser');
  return {
    ...service,
    ...TOOL,
    command: ['node', `${PROGRAM}/tsdb.js`, 'logins', '--passwords', LOGIN_FOLDER],
    volumes: [...service.volumes, ...names.map((name) => secret(name, `${LOGIN_FOLDER}/${name}`))],
  };
}

/** The tsdb command as the schema's owner: `docker compose run --rm schema apply --yes`. */
export function schemaService(props: ReleaseProps) {
  return {
    ...program(props, 'owner'),
    ...TOOL,
    networks: [databaseNetwork(props)],
    entrypoint: ['node', `${PROGRAM}/tsdb.js`],
    command: ['plan'],
  };
}

/** The tsdb command beside pg_dump and pg_restore, with the folder of the dumps. */
export function dumpService(props: ReleaseProps, login: Login) {
  const service = program(props, login);
  return {
    ...service,
    ...TOOL,
    image: DUMP_IMAGE,
    entrypoint: ['node', `${PROGRAM}/tsdb.js`],
    command: ['--help'],
    volumes: [...service.volumes, bind(onDisk('dumps'), '/dumps', 'writable')],
  };
}

/** Services that run only when they are started by name. */
const TOOL = { profiles: ['tools'], restart: 'no', networks: ['data'], mem_limit: '512m' } as const;

/** The built program with a login of the database. */
export function program(props: ReleaseProps, login: Login) {
  return {
    ...HARDENED,
    image: NODE_IMAGE,
    init: true,
    user: APP_USER,
    working_dir: '/tmp',
    environment: environment(props, login),
    volumes: [bind('./program', PROGRAM, 'read-only'), secret(secretOf(login), PASSWORD_FILE)],
  };
}

/** Name of a login's secret in the vault. */
const secretOf = (login: Login): string => (login === 'superuser' ? 'postgres' : login);

function environment({ schemas, managed }: ReleaseProps, login: Login, host = 'timescaledb') {
  const common = { login, passwordFile: PASSWORD_FILE, schemas };
  if (managed === undefined) return appEnvironment({ ...common, host });
  // Only Terraform knows the host. lib.sh reads it from the user data of the machine.
  return appEnvironment({ ...common, host: `\${TSDB_DATABASE_HOST:-}`, managed });
}

/** Out of `streams`, the firewall lets only what is needed. */
const databaseNetwork = ({ managed }: ReleaseProps): 'data' | 'streams' =>
  managed === undefined ? 'data' : 'streams';

// The services of the compose file that run the built program: the two places of the API, and the tools of a rollout.

import { API_PORT, DATABASE } from '../../core/names';
import { NODE_IMAGE } from '../../core/pins';
import { APP_USER, bind, HARDENED, onDisk, secret } from './compose-parts';
import { DUMP_IMAGE } from './dump-image';
import { type ReleaseProps, schemasOf } from './release-props';

const PROGRAM = '/app';
const LOGIN_FOLDER = '/run/secrets/logins';

/** Asks the API itself whether it can serve; the image has no other client. */
const READY = [
  'CMD',
  'node',
  '-e',
  `fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`,
];

/** The API, as a login that owns nothing. No network of it leads anywhere but to Caddy and the database. */
export function apiService(props: ReleaseProps) {
  return {
    ...program(props, 'tsdb_app', 'app'),
    command: ['node', `${PROGRAM}/tsdb.js`, 'serve'],
    environment: {
      ...environment(props, 'tsdb_app'),
      HOST: '0.0.0.0',
      PORT: String(API_PORT),
      TSDB_API_AUTH: 'keys',
      TSDB_READ_ROLE: 'tsdb_reader',
      TSDB_WRITE_ROLE: 'tsdb_api',
      // Docker takes its networks from these; the only other member of the API's that speaks HTTP is Caddy.
      TSDB_TRUSTED_PROXIES: '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16',
    },
    networks: ['data', 'edge'],
    stop_grace_period: '60s',
    mem_limit: '256m',
    healthcheck: { test: READY, interval: '2s', timeout: '5s', retries: 90 },
  };
}

/**
 * Makes some of the logins, as superuser. That of the API has a service of its own: a rollout changes its password only
 * right before the new API starts, as the old one cannot open connections afterwards.
 */
export function loginsService(
  props: ReleaseProps,
  names: readonly ('owner' | 'app' | 'monitoring' | 'backup')[],
) {
  const service = program(props, DATABASE.superuser, 'postgres');
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
    ...program(props, 'tsdb_owner', 'owner'),
    ...TOOL,
    entrypoint: ['node', `${PROGRAM}/tsdb.js`],
    command: ['plan'],
  };
}

/** The tsdb command beside pg_dump and pg_restore, with the folder of the dumps. */
export function dumpService(props: ReleaseProps, user: string, password: string) {
  const service = program(props, user, password);
  return {
    ...service,
    ...TOOL,
    image: DUMP_IMAGE,
    entrypoint: ['node', `${PROGRAM}/tsdb.js`],
    command: ['--help'],
    volumes: [...service.volumes, bind(onDisk('dumps'), '/dumps', 'writable')],
  };
}

/** Started by name only. */
const TOOL = { profiles: ['tools'], restart: 'no', networks: ['data'], mem_limit: '512m' } as const;

function program(props: ReleaseProps, user: string, password: string) {
  return {
    ...HARDENED,
    image: NODE_IMAGE,
    init: true,
    user: APP_USER,
    working_dir: '/tmp',
    environment: environment(props, user),
    volumes: [bind('./program', PROGRAM, 'read-only'), secret(password, '/run/secrets/password')],
  };
}

function environment(props: ReleaseProps, user: string) {
  return {
    NODE_ENV: 'production',
    PGDATABASE: DATABASE.name,
    PGHOST: 'timescaledb',
    PGPASSWORD_FILE: '/run/secrets/password',
    PGPORT: String(DATABASE.port),
    PGUSER: user,
    TSDB_SCHEMAS: schemasOf(props),
  };
}

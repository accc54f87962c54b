// The Docker Compose file of a release (pure).
import { stringify } from 'yaml';
import { CADDY_IMAGE } from '../../../core/pins';
import { API_PLACES } from '../caddyfile';
import { serviceOf } from '../consumer';
import { backupKind, type ReleaseProps } from '../release-props';
import { YAML_OPTIONS } from '../yaml-options';
import { consumerService } from './consumer-service';
import { databaseService } from './database-service';
import { poolerOf, poolerService } from './pooler-service';
import { apiService, dumpService, loginsService, schemaService } from './program-services';
import { APP_USER, bind, HARDENED, onDisk } from './service-parts';

/**
 * The compose file. Paths on the data disk and in memory are absolute; `TSDB_ROOT` and `TSDB_RUN` move them elsewhere.
 * The program is mounted from beside the file, so that each release runs its own.
 */
export function composeFile(props: ReleaseProps): string {
  const { consumers = [], managed } = props;
  const document = {
    services: {
      ...(managed === undefined ? databaseServices(props) : {}),
      schema: schemaService(props),
      ...Object.fromEntries(API_PLACES.map((place) => [place, apiService(props, place)])),
      ...poolers(props),
      caddy: CADDY,
      ...Object.fromEntries(
        consumers.map((consumer) => [serviceOf(consumer), consumerService(props, consumer)]),
      ),
      ...(backupKind(props) === 'dump' ? dumpServices(props) : {}),
    },
    networks: {
      // A network without outbound access cannot reach the metadata endpoint either, whatever the firewall allows.
      data: { internal: true },
      edge: { internal: true },
      // For the database: its port on the machine's loopback address, and access of pgBackRest to its storage. The
      // firewall refers to the bridge by this name.
      outside: { driver_opts: { 'com.docker.network.bridge.name': 'tsdb-outside' } },
      public: {},
      // The firewall lets out of this bridge only what consumers need, and what leads to a database elsewhere.
      ...(consumers.length === 0 && managed === undefined
        ? {}
        : { streams: { driver_opts: { 'com.docker.network.bridge.name': 'tsdb-streams' } } }),
    },
  };
  return stringify(document, YAML_OPTIONS);
}

const databaseServices = (props: ReleaseProps) => ({
  timescaledb: databaseService(props),
  logins: loginsService(props, ['owner', 'monitoring', 'backup']),
  'api-login': loginsService(props, ['app']),
});

const poolers = ({ pooler }: ReleaseProps) =>
  pooler === undefined
    ? {}
    : Object.fromEntries(API_PLACES.map((place) => [poolerOf(place), poolerService(pooler)]));

// A restore creates a database and puts TimescaleDB into restore mode, which only a superuser may do.
const dumpServices = (props: ReleaseProps) => ({
  dump: dumpService(props, 'backup'),
  restore: dumpService(props, 'superuser'),
});

/** Terminates TLS. A folder holds its configuration, because a container keeps seeing the old one of a replaced file. */
const CADDY = {
  ...HARDENED,
  image: CADDY_IMAGE,
  user: APP_USER,
  // The binary in the image has this file capability and does not start without it.
  cap_add: ['NET_BIND_SERVICE'],
  command: ['caddy', 'run', '--config', '/etc/caddy/Caddyfile', '--adapter', 'caddyfile'],
  environment: { XDG_CONFIG_HOME: '/data', XDG_DATA_HOME: '/data' },
  ports: ['443:443'],
  networks: ['edge', 'public'],
  mem_limit: '128m',
  stop_grace_period: '40s',
  volumes: [
    bind(onDisk('caddy/config'), '/etc/caddy', 'read-only'),
    bind(onDisk('caddy/data'), '/data', 'writable'),
  ],
  healthcheck: {
    test: ['CMD', 'wget', '--quiet', '--spider', 'http://127.0.0.1:2019/config/'],
    interval: '5s',
    timeout: '5s',
    retries: 12,
  },
};

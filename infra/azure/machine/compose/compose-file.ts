// The Docker Compose file of a release (pure).
import { stringify } from 'yaml';
import { CADDY_IMAGE } from '../../../core/pins';
import { API_PLACES } from '../caddyfile';
import { backupKind, type ReleaseProps } from '../release-props';
import { YAML_OPTIONS } from '../yaml-options';
import { databaseService } from './database-service';
import { apiService, dumpService, loginsService, schemaService } from './program-services';
import { APP_USER, bind, HARDENED, onDisk } from './service-parts';

/**
 * The compose file. Paths below the data disk and the folder in memory are absolute with the machine's own as default,
 * `TSDB_ROOT` and `TSDB_RUN` move them; the program is beside the file, so that each release runs its own.
 */
export function composeFile(props: ReleaseProps): string {
  const document = {
    services: {
      timescaledb: databaseService(props),
      logins: loginsService(props, ['owner', 'monitoring', 'backup']),
      'api-login': loginsService(props, ['app']),
      schema: schemaService(props),
      ...Object.fromEntries(API_PLACES.map((place) => [place, apiService(props)])),
      caddy: CADDY,
      ...(backupKind(props) === 'dump' ? dumpServices(props) : {}),
    },
    networks: {
      // Without a way out there is no way to the metadata endpoint either, whatever the firewall says.
      data: { internal: true },
      edge: { internal: true },
      // Of the database: the port on the machine's loopback address, and pgBackRest's way to its storage. The firewall
      // knows the bridge by this name.
      outside: { driver_opts: { 'com.docker.network.bridge.name': 'tsdb-outside' } },
      public: {},
    },
  };
  return stringify(document, YAML_OPTIONS);
}

// A restore makes a database and switches TimescaleDB to it, which only a superuser may.
const dumpServices = (props: ReleaseProps) => ({
  dump: dumpService(props, 'backup'),
  restore: dumpService(props, 'superuser'),
});

/** Ends TLS. Its configuration is a folder, as a file that is replaced would stay the old one inside. */
const CADDY = {
  ...HARDENED,
  image: CADDY_IMAGE,
  user: APP_USER,
  // The program in the image carries this capability and does not start without it.
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

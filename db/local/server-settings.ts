// The settings of a local server, computed from its data.
import type { ServerBinaries } from './binaries';

/** What the settings depend on. */
export interface SettingsInput {
  readonly flavour: ServerBinaries['flavour'];
  readonly port: number;
  /** False for throw-away data: nothing is forced to disk. */
  readonly durable: boolean;
  readonly memoryBytes: number;
  readonly maxConnections?: number | undefined;
  /** These override all other settings. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

const MIB = 1024 * 1024;

/** Server settings by name. They are passed on the command line, so that each start uses those of the present version of this program. */
export function serverSettings(input: SettingsInput): Readonly<Record<string, string>> {
  return Object.freeze({
    listen_addresses: '127.0.0.1',
    port: String(input.port),
    unix_socket_directories: '', // the path of a socket may be too long in a deep folder
    max_connections: String(input.maxConnections ?? 100),
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    log_checkpoints: 'off',
    cluster_name: 'timescaledb-as-code',
    shared_buffers: `${sharedBuffersMib(input)}MB`,
    work_mem: '16MB',
    maintenance_work_mem: '128MB',
    max_wal_size: '2GB',
    max_locks_per_transaction: '512', // one statement over a hypertable locks each of its chunks
    jit: 'off', // costs more than it saves in plans with one node per chunk
    ...FLAVOURS[input.flavour],
    ...(input.durable ? {} : THROW_AWAY),
    ...input.settings,
  });
}

/** As arguments of `postgres`. */
export function settingArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Each database with the extension needs one worker for its scheduler and one for each running job. */
const TIMESCALE = {
  shared_preload_libraries: 'timescaledb',
  max_worker_processes: '64',
  'timescaledb.max_background_workers': '32',
  'timescaledb.license': 'timescale',
  'timescaledb.telemetry_level': 'off',
};

/** Each database with the extension needs one worker for its maintenance, and moves of shards need logical replication. */
const CITUS = {
  shared_preload_libraries: 'citus',
  max_worker_processes: '128',
  wal_level: 'logical',
  max_prepared_transactions: '800',
  // Its default makes CREATE EXTENSION write certificates and turn on TLS.
  'citus.node_conninfo': 'sslmode=prefer',
  'citus.enable_statistics_collection': 'off',
};

const FLAVOURS: Readonly<Record<ServerBinaries['flavour'], Readonly<Record<string, string>>>> = {
  timescaledb: TIMESCALE,
  citus: CITUS,
  postgres: {},
};

const THROW_AWAY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

function sharedBuffersMib({ memoryBytes, durable }: SettingsInput): number {
  const eighth = Math.floor(memoryBytes / 8 / MIB);
  return Math.min(Math.max(eighth, 64), durable ? 1024 : 128);
}

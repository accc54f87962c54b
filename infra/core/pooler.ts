// PgBouncer between the database on one side, API and consumers on the other: its configuration and how its container starts
// (pure). Both the machine and the cluster run it.
import { roleOf } from './logins';
import { DATABASE } from './names';
import { MOST_CLIENTS } from './pooler-sizes';

/** The only login that it lets in, which is that of the API and the consumers. */
const LOGIN = 'app';

/** Where its container has its files. The folder of `users` is in memory. */
export const POOLER_FILES = {
  configuration: '/etc/tsdb-pooler/pgbouncer.ini',
  password: '/run/secrets/tsdb/password',
  users: '/run/tsdb-pooler/users.txt',
} as const;

/**
 * What makes transaction pooling right for clients with named prepared statements. The operator's pooler gets the same.
 * @param size see `poolSize`
 */
export function poolParameters(size: number): Readonly<Record<string, string>> {
  return {
    default_pool_size: String(size),
    max_client_conn: String(MOST_CLIENTS),
    // Prepares a statement again on each connection on which a client uses it. 0 would break every named statement.
    max_prepared_statements: '200',
    // The session of a client is not that of the server, so a setting at connect would reach somebody else, or nobody. These
    // follow the client, as time zone and format of dates do, because the server reports them.
    track_extra_parameters: 'IntervalStyle, default_transaction_read_only',
    // A client gets an error before it gives up itself, so that nothing waits that nobody wants any more.
    query_wait_timeout: '10',
    // After this many seconds changed settings of the database and the login count, as in the API's own pools.
    server_lifetime: '60',
    // After a restart or a failover of the database it is tried again every second.
    server_login_retry: '1',
    server_connect_timeout: '5',
  };
}

/** The configuration. There is no console, as nobody is an administrator, and no socket. @param host of the database */
export function poolerConfiguration(host: string, size: number): string {
  const settings = {
    listen_addr: '*',
    // That of the database, so that only the host name tells a client which of the two it asks.
    listen_port: String(DATABASE.port),
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: POOLER_FILES.users,
    pool_mode: 'transaction',
    ...poolParameters(size),
    // Sent by drivers for Java and Go; PostgreSQL has had the same value as a default since version 12. Never `options`: a role or
    // a time limit would be dropped without a word. The API, which is refused, sets them in each transaction instead.
    ignore_startup_parameters: 'extra_float_digits',
    server_tls_sslmode: 'prefer',
    // Connections come and go all the time; errors are still logged.
    log_connections: '0',
    log_disconnections: '0',
    log_stats: '0',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`.trimEnd());
  const { name, port } = DATABASE;
  return `[databases]\n${name} = host=${host} port=${port} dbname=${name}\n\n[pgbouncer]\n${lines.join('\n')}\n`;
}

/**
 * What the container runs. PgBouncer wants the password in a file of its own format, with each quotation mark doubled, and needs
 * it in clear text to log in to the server by SCRAM. There is no dollar in it, which a compose file would take for a variable.
 */
export const POOLER_COMMAND: readonly string[] = [
  'sh',
  '-c',
  `set -eu
umask 077
test -s ${POOLER_FILES.password} || { echo 'the password of the API is not there, or empty' >&2; exit 1; }
{ printf '"%s" "' ${roleOf(LOGIN)}; tr -d '\\n' <${POOLER_FILES.password} | sed 's/"/""/g'; printf '"\\n'; } >${POOLER_FILES.users}
exec pgbouncer ${POOLER_FILES.configuration}
`,
];

/** Whether it answers. It does not ask the database, about which the API says whether it is ready. */
export const POOLER_READY: readonly string[] = [
  'pg_isready',
  '--quiet',
  '--host=127.0.0.1',
  `--port=${DATABASE.port}`,
  `--username=${roleOf(LOGIN)}`,
  `--dbname=${DATABASE.name}`,
];

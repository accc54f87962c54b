// A database's address in other forms: as another database of the same server, and as variables of libpq.
import { Client, type ClientConfig } from 'pg';
import type { Environment } from '../../db/core/settings';
import { withDatabase } from '../../db/local/server-facts';

/** Settings of TLS in the address, and the variables that libpq's programs read them from. */
const TLS_VARIABLES: Readonly<Record<string, string>> = {
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
};

/** The variables that programs inherit from this process; others might name another database. */
const KEPT = ['PATH', 'HOME', 'LD_LIBRARY_PATH', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'PGPASSFILE'];

/** Name of the database that is meant. */
export const databaseOf = (connection: ClientConfig): string => new Client(connection).database ?? '';

/** The same server, another database. */
export function inDatabase(connection: ClientConfig, database: string): ClientConfig {
  const { connectionString } = connection;
  return connectionString === undefined
    ? { ...connection, database }
    : { ...connection, connectionString: withDatabase(connectionString, database) };
}

/** The environment of pg_dump and pg_restore: it names this database, includes the password, and holds nothing that contradicts it. */
export function libpqEnvironment(connection: ClientConfig, env: Environment): Environment {
  const { host, port, user, database, password } = new Client(connection);
  const asked = connection.connectionString ? new URL(connection.connectionString).searchParams : undefined;
  const tls = Object.entries(TLS_VARIABLES).flatMap(([name, variable]) => {
    const value = asked?.get(name) ?? env[variable];
    return value ? [[variable, value] as const] : [];
  });
  return {
    ...Object.fromEntries(KEPT.map((name) => [name, env[name]])),
    ...Object.fromEntries(tls),
    LC_ALL: 'C',
    TZ: 'UTC',
    PGAPPNAME: 'tsdb',
    PGCONNECT_TIMEOUT: '10',
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    ...(typeof password === 'string' ? { PGPASSWORD: password } : {}),
  };
}

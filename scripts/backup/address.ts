// A database's address in the forms that this needs: another database of the same server, and libpq's variables.
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

/** What programs keep of our environment; the rest might name another database. */
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

/** The environment of pg_dump and pg_restore: this database, the password included, and nothing that says otherwise. */
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

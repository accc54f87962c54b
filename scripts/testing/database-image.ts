// For tests: does what the entrypoint of the database image does, with the PostgreSQL of this machine.

/**
 * The source of a script whose arguments are those of the server. It knows the variables PGDATA, POSTGRES_USER,
 * POSTGRES_PASSWORD_FILE, POSTGRES_INITDB_ARGS and POSTGRES_DB of the image. At its first start it creates the data, and in
 * it the extension and the database. Meanwhile the server listens on its socket only. Clients need a password.
 */
export const DATABASE_ENTRYPOINT = `#!/bin/bash
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 0700 "$PGDATA"
  eval "initdb --no-sync --username=\\"$POSTGRES_USER\\" --pwfile=\\"$POSTGRES_PASSWORD_FILE\\" $POSTGRES_INITDB_ARGS"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "$(printf '%q ' "$@") -c listen_addresses=" -w start
  psql --no-psqlrc --username="$POSTGRES_USER" --dbname=template1 --command='CREATE EXTENSION timescaledb'
  psql --no-psqlrc --username="$POSTGRES_USER" --dbname=postgres --command="CREATE DATABASE $POSTGRES_DB"
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec postgres "$@"
`;

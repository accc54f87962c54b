// For tests: stands for the entrypoint of the database image, with the PostgreSQL of this machine.

/**
 * The source of a script that takes the arguments of the server. Its first start makes the data with the variables that
 * the image knows (PGDATA, POSTGRES_USER, POSTGRES_PASSWORD_FILE, POSTGRES_INITDB_ARGS, POSTGRES_DB): initdb, then the
 * extension and the database, made by a server that only its socket reaches. Clients from everywhere need a password.
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

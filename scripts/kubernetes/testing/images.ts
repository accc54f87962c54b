// For tests: what stands for the two images of the stack, made of programs of this machine.
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Image } from './pod-root';

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

/** The application image: the built program and Node. `tsdb` is a link on PATH, as the Dockerfile makes it. */
export function appImage(folder: string, program: string, postgresPrograms: string): Image {
  const app = join(folder, 'app');
  cpSync(program, app, { recursive: true });
  mkdirSync(join(app, 'bin'));
  symlinkSync('/app/tsdb.js', join(app, 'bin', 'tsdb'));
  return {
    // Node may be in a folder of its user, with all that belongs to it.
    folders: { '/app': app, [dirname(dirname(process.execPath))]: dirname(dirname(process.execPath)) },
    path: `/app/bin:${dirname(process.execPath)}:${postgresPrograms}:${SYSTEM_PATH}`,
    entrypoint: [],
    users: { node: 1000 },
  };
}

/** The database image: the server of this machine, and what the image does at its first start. */
export function databaseImage(folder: string, postgresPrograms: string, uid: number): Image {
  const own = join(folder, 'database-image');
  mkdirSync(own);
  writeFileSync(join(own, 'entrypoint.sh'), ENTRYPOINT);
  chmodSync(join(own, 'entrypoint.sh'), 0o755);
  return {
    folders: { '/image': own },
    path: `${postgresPrograms}:${SYSTEM_PATH}`,
    entrypoint: ['/image/entrypoint.sh'],
    users: { postgres: uid },
  };
}

/**
 * The steps of a first start, with the image's variables: data made by initdb, clients from everywhere let in by password,
 * database and extension made by a server that only its socket reaches.
 */
const ENTRYPOINT = `#!/bin/sh
set -eu
mkdir -p "$PGDATA"
chmod 0700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  eval "initdb --no-sync --username=\\"$POSTGRES_USER\\" --pwfile=\\"$POSTGRES_PASSWORD_FILE\\" $POSTGRES_INITDB_ARGS"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses= -c shared_preload_libraries=timescaledb" -w start
  psql --no-psqlrc --username="$POSTGRES_USER" --dbname=template1 --command='CREATE EXTENSION timescaledb'
  psql --no-psqlrc --username="$POSTGRES_USER" --dbname=postgres --command="CREATE DATABASE $POSTGRES_DB"
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec postgres "$@"
`;

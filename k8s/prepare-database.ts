// The first step of the schema Job: waits for the server, and brings its extensions to where the schema needs them.
import type { DatabaseKind } from '../infra/core/config';
import { DATABASE } from '../infra/core/names';
import type { AppProps } from './app-pod';
import { PASSWORD_FILE, passwordMount } from './password-file';
import { CONTAINER_SECURITY, environment, resources, userOf } from './pod-parts';

/** A container with psql, logged in as superuser, because nobody else may create or update these extensions. */
export function prepareDatabase({ config, database }: AppProps) {
  return {
    name: 'prepare',
    image: config.image.image,
    command: ['sh', '-c', PREPARE_SCRIPTS[config.databaseKind]],
    env: environment({
      PGDATABASE: DATABASE.name,
      PGHOST: database.host,
      PGPASSWORD_FILE: PASSWORD_FILE,
      PGPORT: String(DATABASE.port),
      PGUSER: DATABASE.superuser,
      ...(config.databaseKind === 'sharded' ? { SHARDS: String(config.sharded.shards) } : {}),
    }),
    resources: resources('50m', 64, 0),
    securityContext: { ...CONTAINER_SECURITY, ...userOf(config.image) },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMount: [passwordMount('superuser')],
  };
}

const LOG_IN = `set -eu
export PGPASSWORD=
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$1" --command="$2"; }
until pg_isready --quiet; do sleep 2; done
# After a rotation the database takes over the new password within two minutes, once its node has delivered the Secret.
tries=60
until PGPASSWORD=$(cat "$PGPASSWORD_FILE") && ask postgres SELECT >/dev/null; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then exit 1; fi
  sleep 5
done
`;

/**
 * Running it again changes nothing. Each database remembers the version of its extension. An update must be the first
 * and only command of its session, because one session cannot load the libraries of two versions. Sessions that loaded
 * the old version are then ended, and their clients connect again.
 */
export const PREPARE_SCRIPT = `${LOG_IN}if [ -z "$(ask "$PGDATABASE" "SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")" ]; then
  echo "creating timescaledb in $PGDATABASE"
  ask "$PGDATABASE" 'CREATE EXTENSION timescaledb'
fi
databases=$(ask postgres 'SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname')
for database in $databases; do
  behind=$(ask "$database" "SELECT e.extname FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname WHERE e.extname IN ('timescaledb', 'timescaledb_toolkit') AND e.extversion <> a.default_version ORDER BY e.extname")
  for extension in $behind; do
    echo "updating $extension in $database"
    ask "$database" "ALTER EXTENSION $extension UPDATE"
    ask "$database" "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'" >/dev/null
  done
done
`;

/**
 * The operator makes the database, and Citus knows each shard once it is up. The schema must not be applied before: what is
 * distributed then would be on the shards that are there, and on no others. Only a superuser may make the extension for
 * columnar tables, and Citus makes it on the shards, too.
 */
export const PREPARE_SHARDED_SCRIPT = `${LOG_IN}known="SELECT count(*) FROM pg_dist_node WHERE groupid > 0 AND isactive AND noderole = 'primary'"
tries=180
while shards=$(ask "$PGDATABASE" "$known" 2>/dev/null) || shards=0; [ "$shards" -lt "$SHARDS" ]; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "Citus knows $shards of $SHARDS shards in $PGDATABASE" >&2
    exit 1
  fi
  sleep 5
done
if [ -z "$(ask "$PGDATABASE" "SELECT 1 FROM pg_extension WHERE extname = 'citus_columnar'")" ]; then
  echo "creating citus_columnar in $PGDATABASE"
  ask "$PGDATABASE" 'CREATE EXTENSION citus_columnar'
fi
`;

const PREPARE_SCRIPTS: Readonly<Record<DatabaseKind, string>> = {
  single: PREPARE_SCRIPT,
  replicating: PREPARE_SCRIPT,
  sharded: PREPARE_SHARDED_SCRIPT,
};

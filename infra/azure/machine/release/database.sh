# shellcheck shell=bash
# Starts the database container and updates its extensions to the versions in the image. Sourced.

# psql_in DATABASE [--env NAME] ARGUMENT...: runs psql as superuser over the socket in the container.
psql_in() {
  local database=$1 env=()
  shift
  if [ "${1:-}" = --env ]; then
    env=(--env "$2")
    shift 2
  fi
  compose exec -T "${env[@]}" timescaledb psql -X --quiet --set ON_ERROR_STOP=1 --username postgres --dbname "$database" "$@"
}

value_in() {
  psql_in "$1" --tuples-only --no-align --command "$2" </dev/null
}

# The container is replaced only when its image or its arguments change, which Compose recognises by a hash.
start_database() {
  local container
  container=$(compose ps --quiet timescaledb || true)
  [ -z "$container" ] || refuse_lost_version "$container"
  compose up --detach --wait --wait-timeout 900 --no-deps timescaledb && return
  compose logs --no-color --tail 40 timescaledb >&2 || true
  if [ -n "$container" ] && [ -e "$TSDB_ROOT/current/compose.yaml" ]; then
    say 'the database did not start; going back to the container of the current release'
    "$TSDB_ROOT/current/start.sh" --unlocked || true
  fi
  fail 'the database did not become healthy within 15 minutes; the last lines of its log are above'
}

# At boot: the container that is there.
wake_database() {
  compose up --detach --wait --wait-timeout 900 --no-deps timescaledb
}

# For health.sh: its state, and figures for the log.
database_state() {
  state_of timescaledb
}

database_figures() {
  value_in postgres "SELECT 'archive_failures=' || failed_count || ' wal_bytes=' || (SELECT sum(size) FROM pg_ls_waldir()) FROM pg_stat_archiver" || echo 'archive_failures=unknown'
}

# A database remembers the version of its extension, and a server without that version's library cannot open it.
refuse_lost_version() {
  local installed
  [ "$(docker inspect --format '{{.Config.Image}}' "$1")" != "$DATABASE_IMAGE" ] || return 0
  installed=$(value_in tsdb "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'") || return 0
  [ -n "$installed" ] || return 0
  docker run --rm --network none --entrypoint find "$DATABASE_IMAGE" / -name "timescaledb-$installed.so" -not -path '/proc/*' |
    grep -q . || fail "$DATABASE_IMAGE has no TimescaleDB $installed, which the database needs to be opened and updated; use an image that has it; nothing was changed"
}

# Each update is the first and only command of its session, because one session cannot load the libraries of two versions.
update_extensions() {
  local database extension
  for database in $(value_in tsdb 'SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname'); do
    for extension in timescaledb timescaledb_toolkit; do
      [ -n "$(value_in "$database" "SELECT 1 FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname WHERE e.extname = '$extension' AND e.extversion <> a.default_version")" ] || continue
      say "updating $extension in $database"
      value_in "$database" "ALTER EXTENSION $extension UPDATE"
      # Ends sessions that loaded the old version; their clients connect again.
      value_in "$database" "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'" >/dev/null
    done
  done
}

# shellcheck shell=bash
# What the scripts of a release share. Sourced. A test sets the variables to run without a machine.

release=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$release/azure.sh"
. "$release/release.env"

# The compose file has the same defaults.
export TSDB_ROOT="${TSDB_ROOT:-/srv/tsdb}" TSDB_RUN="${TSDB_RUN:-/run/tsdb}" TSDB_APP_UID="${TSDB_APP_UID:-10001}"
secrets=$TSDB_RUN/secrets

say() {
  echo "tsdb: $*" >&2
}

fail() {
  say "$*"
  exit 1
}

compose() {
  # Only Terraform knows the address of Event Hubs.
  if [ "$EVENT_HUBS" = yes ]; then TSDB_KAFKA_BROKERS=$(fact kafkaBrokers 2>/dev/null || true); fi
  # Nor that of a database that a service runs.
  if [ "$DATABASE_RUNS_ON" = managed ]; then TSDB_DATABASE_HOST=$(fact databaseHost 2>/dev/null || true); fi
  # Consumers share the pooler of the API in service.
  TSDB_POOLER=pooler-$(sed 's/^api-//' "$TSDB_ROOT/api-place" 2>/dev/null || echo blue)
  export TSDB_KAFKA_BROKERS="${TSDB_KAFKA_BROKERS:-}" TSDB_DATABASE_HOST="${TSDB_DATABASE_HOST:-}" TSDB_POOLER
  docker compose --project-name tsdb --file "$release/compose.yaml" "$@"
}

# fact NAME: prints one value of the machine's user data.
fact() {
  jq --raw-output --exit-status ".$1" "$TSDB_RUN/facts.json"
}

# Only one rollout, start at boot or backup runs at a time.
take_lock() {
  mkdir -p "$TSDB_RUN"
  exec 9>"$TSDB_RUN/lock"
  flock --wait 1800 9 || fail 'another rollout or backup has been running for half an hour; see: ps -ef'
}

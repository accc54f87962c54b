#!/usr/bin/env bash
# Starts the two TimescaleDB servers that a pipeline works on: one without background workers on port 5432, one with them on
# 5433 (TSDB_TEST_JOBS_URL). Needs Docker. usage: start-timescaledb.sh [pg17|pg18]
# The image is the one that is deployed, or the same release of TimescaleDB on another major version of PostgreSQL.
set -euo pipefail
pins=$(dirname "$0")/../../infra/core/pins.ts
image=$(sed -n "s/^ *image: '\(timescale\/timescaledb:[^']*\)',$/\1/p" "$pins")
[ -n "$image" ] || { echo "start-timescaledb: $pins names no image timescale/timescaledb" >&2; exit 1; }
case ${1:-} in
  '') ;;
  pg17 | pg18) image=${image%-pg*}-$1 ;;
  *) echo "start-timescaledb: pg17 or pg18, not $1" >&2; exit 1 ;;
esac

start() {
  local name=$1 port=$2
  shift 2
  # Reached from this machine only, and gone with it.
  docker run --detach --name "$name" --publish "127.0.0.1:$port:5432" --env POSTGRES_HOST_AUTH_METHOD=trust \
    "$image" -c max_connections=400 -c autovacuum=off "$@"
}
start timescaledb-quiet 5432 -c timescaledb.max_background_workers=0
start timescaledb-busy 5433

# The image starts a server for its own set-up first, which listens on no address.
for name in timescaledb-quiet timescaledb-busy; do
  timeout 120 sh -c "until docker exec $name pg_isready --host 127.0.0.1 --quiet; do sleep 1; done"
done

#!/usr/bin/env bash
# Proves that the newest backup can be restored, without touching the database, and prints a line like that of backup.sh.
# It needs as much free space on the data disk as the database uses.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$release/database.sh"

report() {
  local code=$?
  echo "tsdb-backup kind=drill result=$([ "$code" = 0 ] && echo ok || echo failed)"
}

# Runs a second server in the container of the database, as its user and on another socket. It archives nothing.
drill_repository() {
  local folder
  folder=$(dirname "$(compose exec -T timescaledb printenv PGDATA </dev/null)")/restore-drill
  compose exec -T --env DRILL="$folder" timescaledb sh -s >&2 <<'DRILL'
set -eu
trap 'pg_ctl -D "$DRILL" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$DRILL"' EXIT
rm -rf "$DRILL"
mkdir -m 0700 "$DRILL"
pgbackrest --stanza=main --pg1-path="$DRILL" --archive-mode=off restore
lost() {
  tail -n 40 "$DRILL/drill.log"
  exit 1
}
# As a hot standby the server would refuse to start, because its settings are smaller than those of the database. So it opens
# only when everything is replayed. Its jobs do not run.
pg_ctl -D "$DRILL" -l "$DRILL/drill.log" -w -t 3600 -o "-c listen_addresses='' -c unix_socket_directories=/tmp -c port=5499 -c hot_standby=off -c shared_buffers=64MB -c shared_preload_libraries=timescaledb -c timescaledb.restoring=on -c huge_pages=off" start >/dev/null || lost
until pg_isready --quiet --host /tmp --port 5499; do
  pg_ctl -D "$DRILL" status >/dev/null || lost
  sleep 1
done
psql -X -h /tmp -p 5499 -U postgres -d tsdb -c "SELECT count(*) AS relations FROM pg_class" -c "SELECT pg_last_xact_replay_timestamp()"
DRILL
}

drill_dump() {
  local newest
  newest=$(find "$TSDB_ROOT/dumps" -name 'tsdb-*.dump' -printf '%f\n' | sort | tail -n 1)
  [ -n "$newest" ] || fail "there is no dump in $TSDB_ROOT/dumps; run backup.sh dump first"
  value_in postgres 'DROP DATABASE IF EXISTS tsdb_drill WITH (FORCE)'
  compose run --rm --no-deps -T restore restore "/dumps/$newest" --into tsdb_drill --yes </dev/null >&2
  value_in postgres 'DROP DATABASE tsdb_drill WITH (FORCE)'
}

take_lock
trap report EXIT
case $BACKUPS in
  pgbackrest) drill_repository ;;
  dump) drill_dump ;;
  *) fail 'this deployment makes no backups' ;;
esac

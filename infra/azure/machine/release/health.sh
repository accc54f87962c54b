#!/usr/bin/env bash
# Looks at the platform and prints one line for the alerts; fails when something is wrong.
# "tsdb-health result=ok|failed database=… api=… caddy=… disk_used_percent=… passwords_expire_days=… archive_failures=…
# wal_bytes=… pooler=… consume-kafka=…", the last for each consumer.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$release/database.sh"
. "$release/pooler.sh"
. "$release/api.sh"
. "$release/consumers.sh"
. "$release/managed.sh"

state_of() {
  local container
  container=$(compose ps --quiet "$1" 2>/dev/null || true)
  [ -n "$container" ] || { echo absent; return; }
  docker inspect --format '{{.State.Health.Status}}' "$container"
}

place=$(active_place)
api=$(state_of "${place:-api-blue}")
database=$(database_state "$api")
caddy=$(state_of caddy)
used=$(df --output=pcent "$TSDB_ROOT" | tr -dc '0-9')
figures=$(database_figures)
# An expired password still works; the alert reminds somebody to rotate it. The dates are those of the last rollout or boot.
days=unknown
if [ -s "$TSDB_RUN/expiry" ]; then days=$((($(sort -n "$TSDB_RUN/expiry" | sed -n 1p) - $(date +%s)) / 86400)); fi
result=ok
if [ "$POOLER" = yes ]; then
  state=$(state_of "$(pooler_of "${place:-api-blue}")")
  figures="$figures pooler=$state"
  [ "$state" = healthy ] || result=failed
fi
for name in "${services[@]}"; do
  state=$(state_of "$name")
  figures="$figures $name=$state"
  [ "$state" = healthy ] || result=failed
done
for state in "$database" "$api" "$caddy"; do [ "$state" = healthy ] || result=failed; done
[ "$used" -lt 90 ] || result=failed
echo "tsdb-health result=$result database=$database api=$api caddy=$caddy disk_used_percent=$used passwords_expire_days=$days $figures"
[ "$result" = ok ]

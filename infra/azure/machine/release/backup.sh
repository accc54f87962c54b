#!/usr/bin/env bash
# Makes one backup and prints one line for the alerts: "tsdb-backup kind=… result=ok|failed seconds=…".
# usage: backup.sh full|diff|verify    with pgBackRest: into the repository in the backup container
#        backup.sh prepare             once: creates the repository and checks that it can be reached
#        backup.sh dump                without pgBackRest: a dump into the dump container
set -euo pipefail
. "$(dirname "$0")/lib.sh"

kind=${1:-}
# Uploads in blocks, because a single upload is limited to 5000 MiB.
BLOCK_MIB=256

pgbackrest_in_database() {
  compose exec -T timescaledb pgbackrest --stanza=main "$@" </dev/null >&2
}

# Older versions do not support the machine's identity (repo1-azure-key-type=auto).
require_pgbackrest() {
  local version
  version=$(compose exec -T timescaledb pgbackrest version </dev/null | sed -n 's/^pgBackRest \([0-9.]*\).*/\1/p')
  [ "$(printf '%s\n' 2.58 "${version:-0}" | sort -V | head -n 1)" = 2.58 ] ||
    fail "$DATABASE_IMAGE has pgBackRest ${version:-of an unknown version}, but backups with the machine's identity need 2.58 or newer; use a newer image"
}

prepare() {
  require_pgbackrest
  pgbackrest_in_database stanza-create
  pgbackrest_in_database check
}

dump() {
  local file
  docker image inspect "$DUMP_IMAGE" >/dev/null 2>&1 || docker build --tag "$DUMP_IMAGE" - <"$release/dump.Dockerfile" >&2
  compose run --rm --no-deps -T dump backup --out /dumps --keep-days 2 </dev/null >&2
  # The manifest is uploaded last: where there is one, the dump is complete.
  for file in "$TSDB_ROOT"/dumps/tsdb-*.dump "$TSDB_ROOT"/dumps/tsdb-*.json; do
    if [ ! -e "$file" ] || grep -qsxF "$(basename "$file")" "$TSDB_ROOT/dumps/.uploaded"; then continue; fi
    upload "$file"
    basename "$file" >>"$TSDB_ROOT/dumps/.uploaded"
  done
}

# upload FILE: uploads it under its own name and never overwrites a blob.
upload() {
  local file=$1 url piece=$TSDB_ROOT/dumps/.piece number=0 id list='<?xml version="1.0" encoding="utf-8"?><BlockList>'
  url="${TSDB_BLOB_URL:-https://$(fact storageAccount).blob.core.windows.net}/$(fact dumpContainer)/$(basename "$file")"
  while :; do
    dd if="$file" of="$piece" bs=1M skip=$((number * BLOCK_MIB)) count=$BLOCK_MIB status=none
    [ -s "$piece" ] || break
    id=$(printf 'block-%08d' "$number" | base64)
    blob "$url?comp=block&blockid=$(printf %s "$id" | sed 's/=/%3D/g')" --upload-file "$piece"
    list="$list<Latest>$id</Latest>"
    number=$((number + 1))
  done
  printf '%s</BlockList>' "$list" >"$piece"
  blob "$url?comp=blocklist" --header 'If-None-Match: *' --upload-file "$piece"
  rm -f "$piece"
}

blob() {
  azure_request https://storage.azure.com/ "$1" --header 'x-ms-version: 2021-08-06' "${@:2}" >/dev/null
}

started=$(date +%s)
report() {
  local code=$?
  echo "tsdb-backup kind=$kind result=$([ "$code" = 0 ] && echo ok || echo failed) seconds=$(($(date +%s) - started))"
}

case $kind in
  full | diff) run() { require_pgbackrest && pgbackrest_in_database --type="$kind" backup; } ;;
  verify) run() { pgbackrest_in_database verify; } ;;
  prepare | dump) run() { "$kind"; } ;;
  *) fail "unknown kind \"$kind\"; choose from full, diff, verify, prepare, dump" ;;
esac
trap report EXIT
run

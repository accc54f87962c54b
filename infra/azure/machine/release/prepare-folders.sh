#!/usr/bin/env bash
# Creates the folders on the data disk, and refuses a database that this release's image cannot open.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

postgres=$TSDB_ROOT/postgres
version_file=$postgres/$PGDATA_FOLDER/PG_VERSION

# An image of another flavour looks for its data elsewhere, and would silently start with an empty database.
if [ -d "$postgres" ] && [ -n "$(ls -A "$postgres")" ] && [ ! -s "$version_file" ]; then
  fail "$postgres is not empty, but has no database at $PGDATA_FOLDER where $DATABASE_IMAGE looks for it; a change of flavour needs a backup and a restore into a new deployment; nothing was changed"
fi
if [ -s "$version_file" ]; then
  data=$(cat "$version_file")
  offered=$(docker run --rm --network none --entrypoint postgres "$DATABASE_IMAGE" --version |
    sed -n 's/^postgres (PostgreSQL) \([0-9]*\).*/\1/p')
  [ -n "$offered" ] || fail "$DATABASE_IMAGE does not say its version; check that it can be pulled"
  [ "$data" = "$offered" ] ||
    fail "the database is of PostgreSQL $data, but $DATABASE_IMAGE is $offered; go back to an image with $data, or back up, deploy $offered separately and restore there; nothing was changed"
fi

install -d -m 0755 "$TSDB_ROOT/caddy" "$TSDB_ROOT/caddy/config"
install -d -m 0700 -o "$TSDB_APP_UID" -g "$TSDB_APP_UID" "$TSDB_ROOT/caddy/data" "$TSDB_ROOT/dumps"
install -d -m 0700 -o "$DATABASE_UID" -g "$DATABASE_GID" "$postgres" "$TSDB_ROOT/spool"

# shellcheck shell=bash
# PgBouncer between the database and API and consumers. Each place of the API has its own: the previous API keeps the one that
# it is connected to until it has ended. Sourced.

# pooler_of PLACE: prints its name in the compose file.
pooler_of() {
  echo "pooler-${1#api-}"
}

# start_pooler PLACE: starts a new container for the API of this release there; removes it again when it does not become healthy.
start_pooler() {
  local name
  [ "$POOLER" = yes ] || return 0
  name=$(pooler_of "$1")
  compose up --detach --wait --wait-timeout "${TSDB_POOLER_WAIT:-120}" --no-deps --force-recreate "$name" && return
  compose logs --no-color --tail 40 "$name" >&2 || true
  retire_pooler "$1"
  fail "$name did not become healthy; the last lines of its log are above. The previous API keeps serving"
}

# retire_pooler PLACE: ends the one of a place whose API has ended, also when the compose file of this release does not know it.
retire_pooler() {
  local container
  [ -n "$1" ] || return 0
  for container in $(docker ps --all --quiet --filter label=com.docker.compose.project=tsdb --filter "label=com.docker.compose.service=$(pooler_of "$1")"); do
    docker stop "$container" && docker rm "$container" || return 1
  done
}

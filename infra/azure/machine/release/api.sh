# shellcheck shell=bash
# Two places for the API, blue and green: the new one comes up beside the old one, then Caddy turns to it. Sourced.

upstream=$TSDB_ROOT/caddy/config/upstream.caddy

# The place that Caddy turns to; nothing before the first release.
active_place() {
  sed -n 's/.*\(api-blue\|api-green\):.*/\1/p' "$upstream" 2>/dev/null || true
}

idle_place() {
  if [ "$(active_place)" = api-blue ]; then echo api-green; else echo api-blue; fi
}

start_caddy() {
  compose up --detach --wait --wait-timeout 120 --no-deps caddy
}

# Loading the same configuration again changes nothing.
load_caddy() {
  compose exec -T caddy caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile </dev/null
}

# A rollout that was killed may have written the address that Caddy was to turn to, and not told it.
settle() {
  if [ -n "$(active_place)" ] && [ -n "$(compose ps --quiet caddy || true)" ]; then load_caddy || true; fi
}

# start_place PLACE: a new container there, healthy, or none.
start_place() {
  compose up --detach --wait --wait-timeout "${TSDB_API_WAIT:-180}" --no-deps --force-recreate "$1" && return
  compose logs --no-color --tail 40 "$1" >&2 || true
  compose rm --stop --force "$1" >&2 || true
  fail "the API of this release did not become healthy; its last lines are above. The API of before goes on serving"
}

# turn_to PLACE: Caddy takes the release's configuration and the address, or keeps both of before.
turn_to() {
  local folder=$TSDB_ROOT/caddy/config
  rm -rf "$folder.before"
  cp -a "$folder" "$folder.before"
  install -m 0644 "$release/Caddyfile" "$folder/Caddyfile.new"
  mv "$folder/Caddyfile.new" "$folder/Caddyfile"
  sed "s/API_PLACE/$1/" "$release/upstream.caddy" >"$upstream.new"
  chmod 0644 "$upstream.new"
  mv "$upstream.new" "$upstream"
  if start_caddy && load_caddy; then
    rm -rf "$folder.before"
    return
  fi
  compose logs --no-color --tail 40 caddy >&2 || true
  cp -a "$folder.before/." "$folder/"
  if [ ! -e "$folder.before/upstream.caddy" ]; then rm -f "$upstream"; fi
  rm -rf "$folder.before"
  load_caddy || true
  compose rm --stop --force "$1" >&2 || true
  fail 'Caddy did not take the configuration of this release; the API of before goes on serving'
}

# Requests under way are answered: the API turns its readiness red on SIGTERM, waits and drains.
retire_place() {
  [ -n "$1" ] || return 0
  compose stop --timeout 60 "$1" && compose rm --force "$1"
}

# shellcheck shell=bash
# Two places for the API, blue and green: the new one comes up beside the old one, which then ends. Caddy knows both and
# asks them itself who is ready. Sourced.

place_file=$TSDB_ROOT/api-place

# The place in service; nothing before the first release.
active_place() {
  cat "$place_file" 2>/dev/null || true
}

idle_place() {
  if [ "$(active_place)" = api-blue ]; then echo api-green; else echo api-blue; fi
}

start_caddy() {
  compose up --detach --wait --wait-timeout 120 --no-deps caddy
}

# The same configuration again changes nothing; another one ends connections that are opened in that moment.
load_caddy() {
  compose exec -T caddy caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile </dev/null
}

# start_place PLACE: a new container there, healthy, or none.
start_place() {
  compose up --detach --wait --wait-timeout "${TSDB_API_WAIT:-180}" --no-deps --force-recreate "$1" && return
  compose logs --no-color --tail 40 "$1" >&2 || true
  compose rm --stop --force "$1" >&2 || true
  fail "the API of this release did not become healthy; its last lines are above. The API of before goes on serving"
}

# turn_to PLACE: Caddy has the release's configuration, and the place is the one in service; or neither.
turn_to() {
  local folder=$TSDB_ROOT/caddy/config
  rm -rf "$folder.before"
  cp -a "$folder" "$folder.before"
  install -m 0644 "$release/Caddyfile" "$folder/Caddyfile.new"
  mv "$folder/Caddyfile.new" "$folder/Caddyfile"
  if start_caddy && load_caddy; then
    rm -rf "$folder.before"
    echo "$1" >"$place_file.new"
    mv "$place_file.new" "$place_file"
    return
  fi
  compose logs --no-color --tail 40 caddy >&2 || true
  cp -a "$folder.before/." "$folder/"
  rm -rf "$folder.before"
  load_caddy || true
  compose rm --stop --force "$1" >&2 || true
  fail 'Caddy did not take the configuration of this release; the API of before goes on serving'
}

# No request is lost: the API turns its readiness red on SIGTERM, Caddy sees that and turns to the other place, and what
# is under way is answered.
retire_place() {
  [ -n "$1" ] || return 0
  compose stop --timeout 60 "$1" && compose rm --force "$1"
}

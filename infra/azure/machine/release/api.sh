# shellcheck shell=bash
# Two places for the API, blue and green: the new one starts beside the old one, which is then stopped. Caddy knows both
# and checks itself which of them is ready. Sourced.

place_file=$TSDB_ROOT/api-place

# Prints the place in service, or nothing before the first release.
active_place() {
  cat "$place_file" 2>/dev/null || true
}

idle_place() {
  if [ "$(active_place)" = api-blue ]; then echo api-green; else echo api-blue; fi
}

start_caddy() {
  compose up --detach --wait --wait-timeout 120 --no-deps caddy
}

# Loading the same configuration again changes nothing. Loading another one drops connections that are being opened.
load_caddy() {
  compose exec -T caddy caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile </dev/null
}

# start_place PLACE: starts a new container there; removes it again when it does not become healthy.
start_place() {
  compose up --detach --wait --wait-timeout "${TSDB_API_WAIT:-180}" --no-deps --force-recreate "$1" && return
  compose logs --no-color --tail 40 "$1" >&2 || true
  compose rm --stop --force "$1" >&2 || true
  retire_pooler "$1" >&2 || true
  fail "the API of this release did not become healthy; the last lines of its log are above. The previous API keeps serving"
}

# turn_to PLACE: gives Caddy the configuration of the release and makes the place the one in service; both or neither.
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
  retire_pooler "$1" >&2 || true
  fail 'Caddy could not use the configuration of this release; the previous API keeps serving'
}

# Prints the root certificate of Caddy's own authority; nothing where a public authority has signed.
print_authority() {
  cat "$TSDB_ROOT/caddy/data/caddy/pki/authorities/local/root.crt" 2>/dev/null || true
}

# No request is lost: on SIGTERM the API reports that it is not ready, Caddy then uses the other place, and requests that
# are under way are still answered.
retire_place() {
  [ -n "$1" ] || return 0
  compose stop --timeout 60 "$1" && compose rm --force "$1"
}

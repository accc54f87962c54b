#!/usr/bin/env bash
# Puts this release into service: database, logins and schema, then the new API beside the old one, then the switch. When
# anything fails before the switch, the old API keeps serving, and the exit code says that it failed. The consumers of brokers come
# last: a broker that is away fails the release, but it keeps nothing else of it from service.
# usage: rollout.sh [--without-schema]    (keeps the schema as it is, for going back to an older release by hand)
set -euo pipefail
# Terraform reads the certificate of the API from standard output, of which Azure passes on 4 KB. All else goes to standard error.
exec 3>&1 >&2
. "$(dirname "$0")/lib.sh"
. "$release/database.sh"
. "$release/passwords.sh"
. "$release/pooler.sh"
. "$release/api.sh"
. "$release/consumers.sh"
. "$release/managed.sh"

mode=${1:-}
case $mode in '' | --without-schema) ;; *) fail "unknown argument $mode; only --without-schema is known" ;; esac

# The disk may have been enlarged. A mounted xfs file system grows without interruption.
grow_disk() {
  local device
  device=$(findmnt --noheadings --output SOURCE "$TSDB_ROOT" || true)
  device=/sys/class/block/$(basename "${device:-none}")/device/rescan
  if [ -w "$device" ]; then echo 1 >"$device"; fi
  xfs_growfs -d "$TSDB_ROOT" >/dev/null || fail "the file system on $TSDB_ROOT could not grow to the size of its disk"
}

apply_schema() {
  [ "$mode" = '' ] || return 0
  compose run --rm --no-deps -T schema apply --yes ${ALLOW:+--allow "$ALLOW"} </dev/null >&2 && return
  fail "the schema was not applied, and the previous API keeps serving. To allow a change: $release/tsdb.sh plan, then $release/tsdb.sh apply --yes --allow HAZARD, then deploy again"
}

# Keeps the newest three releases, and always the one in service.
prune_releases() {
  local folder
  find "$TSDB_ROOT/releases" -mindepth 1 -maxdepth 1 -name '.incoming-*' -mmin +1440 -exec rm -rf {} +
  find "$TSDB_ROOT/releases" -mindepth 1 -maxdepth 1 -type d -not -name '.*' -printf '%T@ %p\n' | sort -rn | cut -d ' ' -f 2- |
    tail -n +4 | while read -r folder; do
    if [ "$folder" != "$release" ]; then rm -rf "$folder"; fi
  done
}

# Keeps the images of the releases that are left. Docker refuses to remove images that containers use.
prune_images() {
  local name image used
  used=$(sed -n 's/^ *image: //p' "$TSDB_ROOT"/releases/*/compose.yaml | sort -u | while read -r name; do
    docker image inspect --format '{{.Id}}' "$name" 2>/dev/null || true
  done)
  for image in $(docker image ls --quiet --no-trunc | sort -u); do
    if ! grep -qxF "$image" <<<"$used"; then docker image rm "$image" >/dev/null 2>&1 || true; fi
  done
}

passwords=untouched
at_exit() {
  local code=$?
  trap - EXIT
  if [ "$code" != 0 ] && [ "$passwords" = changed ]; then
    restore_passwords || say 'the previous passwords could not be restored; see the lines above'
  fi
  exit "$code"
}
trap at_exit EXIT

take_lock
say "rolling out $(basename "$release")"
touch "$release"
grow_disk
keep_secrets
"$release/fetch-secrets.sh"
"$release/prepare-folders.sh"
"$release/firewall.sh"
start_database
passwords=changed
set_superuser_password
update_extensions
make_logins logins
apply_schema
before=$(active_place)
new=$(idle_place)
make_logins api-login
start_pooler "$new"
start_place "$new"
turn_to "$new"
passwords=good
rm -rf "$secrets.before"
ln -sfn "$release" "$TSDB_ROOT/current.new"
mv -T "$TSDB_ROOT/current.new" "$TSDB_ROOT/current"
say "serving from $new"
retire_place "$before"
consumed=yes
replace_consumers || consumed=no
# A consumer of the previous release that could not be replaced still uses it.
if [ "$consumed" = yes ]; then retire_pooler "$before"; fi
"$release/install-units.sh"
if [ "$BACKUPS" = pgbackrest ]; then "$release/backup.sh" prepare; fi
prune_releases
prune_images
[ "$consumed" = yes ] || fail 'this release serves, but not all of its consumers are healthy; they keep trying, and their records stay with the broker. Remove the cause, then deploy again'
print_authority >&3
say "rolled out $(basename "$release")"

#!/usr/bin/env bash
# Starts the containers of this release at boot, in the place where the API was.
# usage: start.sh [--unlocked]    (for a caller that holds the lock)
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$release/database.sh"
. "$release/passwords.sh"
. "$release/pooler.sh"
. "$release/api.sh"
. "$release/consumers.sh"
. "$release/managed.sh"

if [ "${1:-}" != --unlocked ]; then take_lock; fi
"$release/fetch-secrets.sh"
wake_database
# The vault may have newer passwords since the last rollout.
set_superuser_password
make_logins logins
make_logins api-login
place=$(active_place)
[ -n "$place" ] || exit 0
if [ "$POOLER" = yes ]; then compose up --detach --wait --wait-timeout 120 --no-deps "$(pooler_of "$place")"; fi
compose up --detach --wait --wait-timeout 180 --no-deps "$place" caddy
start_consumers

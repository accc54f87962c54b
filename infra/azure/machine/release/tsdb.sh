#!/usr/bin/env bash
# Runs tsdb on this machine's database as the schema's owner: tsdb.sh status, tsdb.sh keys create --name me …
set -euo pipefail
. "$(dirname "$0")/lib.sh"

if [ -t 0 ]; then compose run --rm --no-deps schema "$@"; else compose run --rm --no-deps -T schema "$@"; fi

#!/usr/bin/env bash
# Runs the jobs that are due, for a database that has no scheduler of its own, and prints one line for the alerts:
# "tsdb-jobs result=ok|failed".
set -euo pipefail
. "$(dirname "$0")/lib.sh"

code=0
compose run --rm --no-deps -T schema jobs run </dev/null || code=$?
echo "tsdb-jobs result=$([ "$code" = 0 ] && echo ok || echo failed)"
exit "$code"

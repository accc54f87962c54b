#!/usr/bin/env bash
# Which of these environments are there to be compared? Those that TSDB_DRIFT_ENVIRONMENTS names (commas between), else those that
# GitHub has a deployment of. Passes `names` on, a list in JSON. Needs gh and jq. usage: deployed-environments.sh NAME...
set -euo pipefail
names=()
if [ -n "${TSDB_DRIFT_ENVIRONMENTS:-}" ]; then
  IFS=', ' read -r -a names <<<"$TSDB_DRIFT_ENVIRONMENTS"
else
  for name in "$@"; do
    # A question that cannot be answered fails the run: it must not look as if nothing was there.
    found=$(gh api "repos/$GITHUB_REPOSITORY/deployments?environment=$name&per_page=1" --jq length)
    if [ "$found" != 0 ]; then names+=("$name"); fi
  done
fi
list=$(jq --null-input --compact-output '$ARGS.positional' --args "${names[@]}")
echo "names=$list" >>"$GITHUB_OUTPUT"
[ "$list" != '[]' ] || echo 'Nothing was deployed from here, so nothing is compared. Name environments in TSDB_DRIFT_ENVIRONMENTS if they were deployed elsewhere.' >>"$GITHUB_STEP_SUMMARY"

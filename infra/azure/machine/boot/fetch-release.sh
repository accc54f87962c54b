#!/usr/bin/env bash
# Run by Azure for each new bundle, with the variables bundle_url and bundle_sha256: fetches it, checks it, unpacks it
# beside the older releases and runs its rollout.sh, whose exit code decides whether the deployment succeeds.
[ -n "$BASH_VERSION" ] || exec bash "$0" "$@"
set -euo pipefail
. "$(dirname "$0")/../release/azure.sh"

root=$(printenv TSDB_ROOT || echo /srv/tsdb)

fail() {
  echo "fetch-release: $1" >&2
  exit 1
}

# The first release of a machine may arrive while cloud-init still installs packages.
if command -v cloud-init >/dev/null; then cloud-init status --wait >/dev/null || true; fi
for program in curl docker jq; do
  command -v "$program" >/dev/null || fail "there is no $program; see /var/log/cloud-init-output.log"
done
systemctl start tsdb-disk.service || fail "the data disk is not ready; see: journalctl -u tsdb-disk.service"
mountpoint -q "$root" || fail "$root is not the mounted data disk; nothing was changed"

bundle_url=$(printenv bundle_url) || fail 'the parameter bundle_url is missing'
bundle_sha256=$(printenv bundle_sha256) || fail 'the parameter bundle_sha256 is missing'
release=$root/releases/$(printf %s "$bundle_sha256" | cut -c 1-16)

mkdir -p "$root/releases"
incoming=$(mktemp -d "$root/releases/.incoming-XXXXXX")
trap 'rm -rf "$incoming"' EXIT
azure_request https://storage.azure.com/ "$bundle_url" --header 'x-ms-version: 2021-08-06' --output "$incoming/bundle.tar.gz" ||
  fail "$bundle_url cannot be fetched; check that this machine has a role to read the container"
found=$(sha256sum "$incoming/bundle.tar.gz" | cut -d ' ' -f 1)
[ "$found" = "$bundle_sha256" ] || fail "$bundle_url has the hash $found instead of $bundle_sha256; nothing was changed"
mkdir -m 0755 "$incoming/release"
tar --extract --gzip --no-same-owner --same-permissions --file "$incoming/bundle.tar.gz" --directory "$incoming/release"
# The name is the hash, so an existing folder has the same content.
[ -d "$release" ] || mv "$incoming/release" "$release"
rm -rf "$incoming"
"$release/rollout.sh"

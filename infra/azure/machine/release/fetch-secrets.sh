#!/usr/bin/env bash
# Fetches the secrets from the vault into memory: one file each, readable by the user of the containers that mount it.
# usage: fetch-secrets.sh            the passwords of the database and the cipher of its backups
#        fetch-secrets.sh brokers    what the consumers show to their brokers
set -euo pipefail
. "$(dirname "$0")/lib.sh"
umask 077

# place NAME OWNER MODE: writes standard input to the file, completely or not at all.
place() {
  cat >"$secrets/.$1"
  [ -s "$secrets/.$1" ] || fail "the secret $1 is empty"
  chown "$2" "$secrets/.$1"
  chmod "$3" "$secrets/.$1"
  mv "$secrets/.$1" "$secrets/$1"
}

# fetch NAME [SECRET]: prints a secret of the vault. The names of those that Terraform makes are in the user data.
fetch() {
  local url answer
  url="$(fact vaultUri | sed 's#/*$##')/secrets/${2:-$(fact "secretNames.$1")}?api-version=7.4"
  answer=$(azure_request https://vault.azure.net "$url") ||
    fail "the secret $1 cannot be read at $url; check that it is there and that this machine has a role to read it"
  # The cipher of the backups is never replaced, so its date reminds nobody of anything.
  if [ "$1" != repository ]; then printf %s "$answer" | jq '.attributes.exp // empty' >>"$expiry"; fi
  printf %s "$answer" | jq --join-output --exit-status .value
}

backup_settings() {
  printf '%s\n' '[global]' 'repo1-type=azure' "repo1-azure-account=$(fact storageAccount)" \
    "repo1-azure-container=$(fact backupContainer)" 'repo1-azure-key-type=auto' 'repo1-path=/main' \
    'repo1-cipher-type=aes-256-cbc' "repo1-cipher-pass=$(cat "$secrets/repository")"
}

if [ "${1:-}" = brokers ]; then
  expiry=$TSDB_RUN/expiry
  IFS=, read -ra pairs <<<"$BROKER_SECRETS"
  for pair in "${pairs[@]}"; do
    fetch "${pair%%=*}" "${pair#*=}" | place "${pair%%=*}" "$TSDB_APP_UID:$TSDB_APP_UID" 0400
  done
  if [ "$EVENT_HUBS" = yes ] && ! fact kafkaBrokers >/dev/null; then
    fail 'the user data of this machine does not name the Event Hubs; deploy again'
  fi
  exit
fi

install -d -m 0700 "$TSDB_RUN" "$secrets"
azure_facts >"$TSDB_RUN/facts.new"
mv "$TSDB_RUN/facts.new" "$TSDB_RUN/facts.json"
expiry=$TSDB_RUN/expiry.new
: >"$expiry"
names=(owner app)
if [ "$DATABASE_RUNS_ON" = machine ]; then
  fetch postgres | place postgres "$DATABASE_UID:$TSDB_APP_UID" 0440
  names+=(monitoring backup)
fi
for name in "${names[@]}"; do
  fetch "$name" | place "$name" "$TSDB_APP_UID:$TSDB_APP_UID" 0400
done
mv "$expiry" "$TSDB_RUN/expiry"
[ "$DATABASE_RUNS_ON" = machine ] || exit 0
fetch repository | place repository "$(id -u):$(id -g)" 0400
if [ "$BACKUPS" = pgbackrest ]; then backup_settings | place pgbackrest.conf "$DATABASE_UID:$DATABASE_UID" 0400; fi

# shellcheck shell=bash
# Sets the vault's passwords in the database, and restores the previous ones when a rollout fails. Sourced.

# keep_secrets: keeps the secrets that the running API was started with.
keep_secrets() {
  rm -rf "$secrets.before"
  if [ -d "$secrets" ]; then cp -a "$secrets" "$secrets.before"; fi
}

# On standard input and dollar-quoted, so that neither the process list nor the server's log shows it.
set_superuser_password() {
  local born=$TSDB_ROOT/secrets/postgres-password PGPASSWORD=''
  # For deployments that are older than the vault: only needed where the socket asks for a password.
  if [ -s "$born" ]; then PGPASSWORD=$(cat "$born"); fi
  export PGPASSWORD
  {
    echo "SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_min_duration_statement = -1;"
    echo "SET password_encryption = 'scram-sha-256';"
    echo "ALTER ROLE postgres PASSWORD \$tsdb\$$(cat "$secrets/postgres")\$tsdb\$;"
  } | psql_in postgres --env PGPASSWORD >/dev/null || fail 'the password of the superuser could not be set over the socket of the database'
  PGPASSWORD=$(cat "$secrets/postgres")
  psql_in postgres --env PGPASSWORD --host 127.0.0.1 --command 'SELECT' </dev/null >/dev/null ||
    fail "the database does not accept the vault's password of the superuser"
  unset PGPASSWORD
  # A previous password of the superuser is no longer needed and must not be kept.
  rm -rf "$TSDB_ROOT/secrets"
}

make_logins() {
  compose run --rm --no-deps -T "$1" </dev/null >&2 ||
    fail "the logins were not made ($1); the previous API keeps serving"
}

# The running API knows only the passwords that it was started with.
restore_passwords() {
  [ -d "$secrets.before" ] || return 0
  say 'going back to the previous passwords'
  rm -rf "$secrets"
  mv "$secrets.before" "$secrets"
  set_superuser_password
  make_logins logins
  make_logins api-login
}

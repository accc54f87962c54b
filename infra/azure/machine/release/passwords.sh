# shellcheck shell=bash
# Brings the vault's passwords into the database, and those of before back when a rollout fails. Sourced.

# keep_secrets: those that the API in service was started with.
keep_secrets() {
  rm -rf "$secrets.before"
  if [ -d "$secrets" ]; then cp -a "$secrets" "$secrets.before"; fi
}

# By standard input and dollar-quoted: neither the list of processes nor the server's log shows it.
set_superuser_password() {
  local born=$TSDB_ROOT/secrets/postgres-password PGPASSWORD=''
  # Deployments of before the vault: only needed where the socket asks for a password.
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
  # Another password that opened the database once is of no use to anybody but thieves.
  rm -rf "$TSDB_ROOT/secrets"
}

make_logins() {
  compose run --rm --no-deps -T "$1" </dev/null >&2 ||
    fail "the logins were not made ($1); the API of before goes on serving"
}

# The API in service knows only the passwords that it was started with.
restore_passwords() {
  [ -d "$secrets.before" ] || return 0
  say 'going back to the passwords of before'
  rm -rf "$secrets"
  mv "$secrets.before" "$secrets"
  set_superuser_password
  make_logins logins
  make_logins api-login
}

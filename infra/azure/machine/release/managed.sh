# shellcheck shell=bash
# In place of what database.sh and passwords.sh do: here a service runs the database elsewhere. Its administration makes the logins
# and sets their passwords, and the vault knows them. Sourced after those.
[ "$DATABASE_RUNS_ON" = managed ] || return 0

start_database() {
  fact databaseHost >/dev/null || fail 'the user data of this machine does not name its database; deploy again'
}

wake_database() { start_database; }

# database_state API: the API is ready only while its database answers, so its state is that of the database.
database_state() {
  echo "$1"
}

database_figures() {
  echo "database_host=$(fact databaseHost)"
}

set_superuser_password() { :; }

update_extensions() { :; }

make_logins() { :; }

# The passwords of the service are those of the vault, whether or not this release is served.
restore_passwords() {
  rm -rf "$secrets.before"
}

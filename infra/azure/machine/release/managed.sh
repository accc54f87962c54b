# shellcheck shell=bash
# In place of what database.sh and passwords.sh do: here a service runs the database elsewhere. Its administration makes the logins
# and sets their passwords, and the vault knows them. Sourced after those.
[ "$DATABASE_RUNS_ON" = managed ] || return 0

start_database() {
  fact databaseHost >/dev/null || fail 'the user data of this machine does not name its database; deploy again'
}

wake_database() { start_database; }

# The API is ready only while its database answers.
database_state() {
  state_of "$(active_place)"
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

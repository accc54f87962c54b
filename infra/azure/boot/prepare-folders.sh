#!/usr/bin/env bash
# Lays out the data disk and, once in its life, makes the superuser's password there. The password is born here
# so that no plan, state file or log ever holds it.
# usage: prepare-folders.sh DATA_DISK UID GID
set -euo pipefail

data_disk=$1
uid=$2
gid=$3
password_file=$data_disk/secrets/postgres-password

# Nobody but root gets through the folder; inside, the file belongs to the user that the container runs as.
install -d -m 0700 "$data_disk/secrets"
install -d -m 0700 -o "$uid" -g "$gid" "$data_disk/postgres"

if [ -s "$password_file" ]; then exit 0; fi
if [ -n "$(ls -A "$data_disk/postgres")" ]; then
  echo "prepare-folders: there is a database but no $password_file; a new password would not open it" >&2
  exit 1
fi
umask 077
openssl rand -hex 32 >"$password_file.new"
chown "$uid:$gid" "$password_file.new"
mv "$password_file.new" "$password_file"

#!/usr/bin/env bash
# Installs the systemd units of this release: start at boot, firewall, and the timers of backups and checks.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

units=${TSDB_UNITS:-/etc/systemd/system}
for unit in "$units"/tsdb*.timer; do
  if [ -e "$unit" ] && [ ! -e "$release/systemd/$(basename "$unit")" ]; then
    systemctl disable --now "$(basename "$unit")"
    rm "$unit"
  fi
done
install -m 0644 "$release"/systemd/* "$units/"
systemctl daemon-reload
systemctl enable tsdb-firewall.service tsdb.service
for timer in "$release"/systemd/*.timer; do systemctl enable --now "$(basename "$timer")"; done
# The containers already run. Starting the unit makes it stop them cleanly when the machine shuts down.
systemctl start --no-block tsdb.service

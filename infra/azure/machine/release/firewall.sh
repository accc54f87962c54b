#!/usr/bin/env bash
# Blocks containers from two addresses that Azure provides inside each machine: 169.254.169.254 hands out the machine's
# identity, 168.63.129.16 its configuration. Allowed are name resolution, and the identity for pgBackRest in the database
# container.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

for_pgbackrest=''
if [ "$BACKUPS" = pgbackrest ]; then
  for_pgbackrest='-A TSDB-METADATA -i tsdb-outside -d 169.254.169.254 -p tcp --dport 80 -j RETURN'
fi

# Docker keeps an existing chain of this name.
iptables --wait -N DOCKER-USER 2>/dev/null || true
# In one transaction, so that the rules are never missing.
iptables-restore --wait --noflush <<RULES
*filter
:TSDB-METADATA - [0:0]
-A TSDB-METADATA -d 168.63.129.16 -p udp --dport 53 -j RETURN
-A TSDB-METADATA -d 168.63.129.16 -p tcp --dport 53 -j RETURN
$for_pgbackrest
-A TSDB-METADATA -d 169.254.169.254 -j REJECT
-A TSDB-METADATA -d 168.63.129.16 -j REJECT
COMMIT
RULES
iptables --wait -C DOCKER-USER -j TSDB-METADATA 2>/dev/null || iptables --wait -I DOCKER-USER 1 -j TSDB-METADATA

#!/usr/bin/env bash
# Blocks containers from two addresses that Azure provides inside each machine: 169.254.169.254 hands out the machine's
# identity, 168.63.129.16 its configuration. Allowed are name resolution, and the identity for pgBackRest in the database
# container and for consumers that log in with it. Consumers get out to the ports of their brokers and nowhere else.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

for_pgbackrest=''
if [ "$BACKUPS" = pgbackrest ]; then
  for_pgbackrest='-A TSDB-METADATA -i tsdb-outside -d 169.254.169.254 -p tcp --dport 80 -j RETURN'
fi

for_consumers='' to_brokers=''
if [ "$CONSUMER_IDENTITY" = yes ]; then
  for_consumers='-A TSDB-METADATA -i tsdb-streams -d 169.254.169.254 -p tcp --dport 80 -j RETURN'
  to_brokers='-A TSDB-STREAMS -d 169.254.169.254 -p tcp --dport 80 -j RETURN'
fi
IFS=, read -ra ports <<<"$BROKER_PORTS"
for port in "${ports[@]}"; do
  to_brokers="$to_brokers
-A TSDB-STREAMS -p tcp --dport $port -j RETURN"
done

# Docker keeps an existing chain of this name.
iptables --wait -N DOCKER-USER 2>/dev/null || true
# In one transaction, so that the rules are never missing.
iptables-restore --wait --noflush <<RULES
*filter
:TSDB-METADATA - [0:0]
:TSDB-STREAMS - [0:0]
-A TSDB-METADATA -d 168.63.129.16 -p udp --dport 53 -j RETURN
-A TSDB-METADATA -d 168.63.129.16 -p tcp --dport 53 -j RETURN
$for_pgbackrest
$for_consumers
-A TSDB-METADATA -d 169.254.169.254 -j REJECT
-A TSDB-METADATA -d 168.63.129.16 -j REJECT
-A TSDB-STREAMS -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A TSDB-STREAMS -p udp --dport 53 -j RETURN
-A TSDB-STREAMS -p tcp --dport 53 -j RETURN
$to_brokers
-A TSDB-STREAMS -j REJECT
COMMIT
RULES
iptables --wait -C DOCKER-USER -i tsdb-streams -j TSDB-STREAMS 2>/dev/null || iptables --wait -I DOCKER-USER 1 -i tsdb-streams -j TSDB-STREAMS
iptables --wait -C DOCKER-USER -j TSDB-METADATA 2>/dev/null || iptables --wait -I DOCKER-USER 1 -j TSDB-METADATA

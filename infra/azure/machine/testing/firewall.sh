#!/usr/bin/env bash
# For tests: the machine is a network namespace, a consumer is one behind the bridge tsdb-streams, and the rest of the world is a third
# one. Runs the firewall of a release twice, and prints which addresses the consumer reaches before and after.
# usage: unshare --map-root-user --net firewall.sh RELEASE ADDRESS:PORT...
set -euo pipefail
release=$1
shift
ports='[53, 80, 443, 9093]'

unshare --net sleep 60 >/dev/null 2>&1 &
consumer=$!
unshare --net sleep 60 >/dev/null 2>&1 &
world=$!
trap 'kill $(jobs -p)' EXIT
own=$(readlink /proc/self/ns/net)
for room in "$consumer" "$world"; do
  until [ "$(readlink "/proc/$room/ns/net")" != "$own" ]; do sleep 0.1; done
done
inside() {
  nsenter --target "$1" --net "${@:2}"
}

# connect ROOM DEVICE NETWORK: the machine has the address 1 in the network, and the room has 2.
connect() {
  inside "$1" ip link set lo up
  ip link add "to-$2" type veth peer name eth0 netns "$1"
  ip link set "to-$2" up
  inside "$1" ip address add "$3.2/24" dev eth0
  inside "$1" ip link set eth0 up
  inside "$1" ip route add default via "$3.1"
}

ip link set lo up
ip link add tsdb-streams type bridge
ip address add 10.9.0.1/24 dev tsdb-streams
ip link set tsdb-streams up
connect "$consumer" consumer 10.9.0
ip link set to-consumer master tsdb-streams
connect "$world" world 10.8.0
ip address add 10.8.0.1/24 dev to-world
for address in 169.254.169.254 168.63.129.16; do
  inside "$world" ip address add "$address/32" dev lo
  ip route add "$address/32" via 10.8.0.2
done
echo 1 >/proc/sys/net/ipv4/ip_forward
iptables --wait -N DOCKER-USER
iptables --wait -A FORWARD -j DOCKER-USER

# Not by the function: the process that is ended has to be this one.
nsenter --target "$world" --net node -e "for (const port of $ports) require('node:net').createServer((s) => s.end()).listen(port, '0.0.0.0')" >/dev/null 2>&1 &
until inside "$world" node -e "require('node:net').connect(9093, '127.0.0.1').on('connect', () => process.exit()).on('error', () => process.exit(1))"; do
  sleep 0.1
done

reached() {
  local address open=''
  for address in "$@"; do
    if inside "$consumer" timeout 5 bash -c "exec 3<>/dev/tcp/${address/:/\/}" 2>/dev/null; then open="$open $address"; fi
  done
  echo "$open"
}

echo "before:$(reached "$@")"
"$release/firewall.sh"
"$release/firewall.sh"
echo "after:$(reached "$@")"
iptables --wait -S DOCKER-USER

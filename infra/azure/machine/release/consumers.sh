# shellcheck shell=bash
# The consumers of Kafka and MQTT. What they have stored the database knows, so a new one goes on exactly where the old one ended.
# Neither database nor API ever wait for a broker or its secrets. Sourced.

# CONSUMERS is a list with commas between.
IFS=, read -ra services <<<"$CONSUMERS"

# start_consumers: at boot. The health check says whether they are well.
start_consumers() {
  [ "${#services[@]}" -gt 0 ] || return 0
  if ! "$release/fetch-secrets.sh" brokers || ! compose up --detach --no-deps "${services[@]}"; then
    say "the consumers did not start; to try again: $release/start.sh"
  fi
}

# replace_consumers: ends the consumers of the previous release and starts those of this one, with the secrets of now. Fails when
# one of them does not become healthy, and leaves it as it is: it goes on trying.
replace_consumers() {
  local name result=0
  end_other_consumers || result=1
  [ "${#services[@]}" -gt 0 ] || return "$result"
  "$release/fetch-secrets.sh" brokers || return 1
  for name in "${services[@]}"; do
    compose up --detach --wait --wait-timeout "${TSDB_CONSUMER_WAIT:-600}" --no-deps --force-recreate "$name" && continue
    compose logs --no-color --tail 40 "$name" >&2 || true
    say "$name did not become healthy; the last lines of its log are above"
    result=1
  done
  return "$result"
}

# Ends consumers that this release does not have. Its compose file does not know them.
end_other_consumers() {
  local name container result=0
  for name in consume-kafka consume-mqtt; do
    case ",$CONSUMERS," in *",$name,"*) continue ;; esac
    for container in $(docker ps --all --quiet --filter label=com.docker.compose.project=tsdb --filter "label=com.docker.compose.service=$name"); do
      say "ending $name, which this release does not have"
      docker stop "$container" && docker rm "$container" || result=1
    done
  done
  return "$result"
}

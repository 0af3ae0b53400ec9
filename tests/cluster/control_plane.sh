#!/bin/bash
# Isolates the leader of a running cluster and watches what happens, with curl alone:
#
#   tests/cluster/control_plane.sh localhost:8001 localhost:8002 localhost:8003
#
# Ends with 0 when a new leader has shown up in the event stream, writes were accepted again, and after healing there is
# one leader and all logs are equal. Heals the cluster in any case.
set -euo pipefail

limit=60 # seconds for each thing that is waited for

(($# == 3)) || { echo "usage: $0 HOST:PORT HOST:PORT HOST:PORT" >&2; exit 1; }
nodes=("$@")
events=$(mktemp)

say() { echo "control_plane: $*"; }
fail() {
  say "FAILED: $*" >&2
  say "the end of the event stream:" >&2
  tail -n 20 "$events" >&2
  exit 1
}

# get ADDRESS PATH, post ADDRESS PATH BODY: the answer's body; fails where the status is not 200.
get() { curl -sS --fail --max-time 10 "http://$1$2" 2>/dev/null; }
post() { curl -sS --fail --max-time 10 -H 'Content-Type: application/json' -d "$3" "http://$1$2"; }
# A field of a flat piece of JSON on stdin: a string.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1; }

# wait_for WHAT COMMAND…: until the command succeeds.
wait_for() {
  local what=$1 deadline=$((SECONDS + limit))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || fail "waited $limit s in vain: $what"
    sleep 0.1
  done
  say "$what"
}

leader_of() { get "$1" /api/cluster | sed 's/.*\],"leader_id"/"leader_id"/' | field leader_id; }

clean_up() {
  kill "$stream" 2>/dev/null || true
  post "${nodes[0]}" /api/cluster/chaos/heal '' >/dev/null 2>&1 || true
  rm -f "$events"
}

curl -sS -N "http://${nodes[0]}/api/events" >"$events" 2>/dev/null &
stream=$!
trap clean_up EXIT

stream_began() { grep -q '"type":"status"' "$events"; }
wait_for "the event stream of ${nodes[0]} has begun" stream_began

knows_a_leader() { leader=$(leader_of "${nodes[0]}") && [[ -n $leader ]]; }
wait_for "there is a leader" knows_a_leader
for address in "${nodes[@]}"; do
  [[ $(get "$address" /status | field id) == "$leader" ]] || through=$address
done

say "isolating the leader, $leader, through $through"
isolated=$(post "$through" /api/cluster/chaos/isolate "{\"node\":\"$leader\"}") || fail "isolate was refused"
[[ $isolated != *'"error"'* ]] || fail "not every node took the rules: $isolated"

# {"type":"leader_change",…,"node_id":"node2","data":{"from":"node1","to":"node2"}}
new_leader() {
  successor=$(grep '"type":"leader_change"' "$events" | grep -v "\"to\":\"$leader\"" | field to) && [[ -n $successor ]]
}
wait_for "the event stream shows a new leader" new_leader
say "it is $successor"

key=control-plane-$$
accepted() { curl -sS --fail --max-time 10 -X PUT -d '{"value":"written"}' "http://$through/keys/$key" 2>/dev/null; }
wait_for "a write is accepted again" accepted

post "$through" /api/cluster/chaos/heal '' >/dev/null || fail "heal was refused"
say "healed"

# {"nodes":[{"id":"node1","state":"Follower",…},…],"leader_id":…}
one_leader() {
  local cluster
  cluster=$(get "$through" /api/cluster) || return 1
  [[ $cluster != *'"reachable":false'* ]] || return 1
  (($(grep -o '"state":"Leader"' <<<"$cluster" | wc -l) == 1)) || return 1
  (($(grep -o '"leader_id":"[^"]*"' <<<"$cluster" | sort -u | wc -l) == 1))
}
wait_for "there is one leader, known to all" one_leader

# {"nodes":[{"node":"node1","last_index":…,"entries":[…]},{"node":"node2",…}…]}: a row per line, without the name.
equal_logs() {
  local rows
  rows=$(get "$through" '/api/cluster/log?limit=200' |
    sed -e 's/^{"nodes":\[{//' -e 's/}\]}$//' -e 's/},{"node":/\n"node":/g' | sed 's/^"node":"[^"]*",//') || return 1
  (($(wc -l <<<"$rows") == ${#nodes[@]})) && (($(sort -u <<<"$rows" | wc -l) == 1)) && grep -q "put $key=" <<<"$rows"
}
wait_for "all logs are equal and hold the write" equal_logs

for address in "${nodes[@]}"; do
  value=$(get "$address" "/keys/$key" | field value)
  [[ $value == written ]] || fail "$address answers '$value' for $key"
done
say "passed: $leader was isolated, $successor took over, every node has the write"

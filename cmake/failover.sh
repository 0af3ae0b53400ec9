#!/bin/bash
# From the kill -9 of a leader to the next write that is accepted through another node: failover.sh [TIMES].
#
# Three processes with an election timeout of 150 ms and heartbeats of 50 ms; a killed one is started again.
set -euo pipefail
cd "$(dirname "$0")/.."

times=${1:-30} bin=$PWD/build/release/bin base=${FAILOVER_PORT:-23500}
home=$(mktemp -d -p "$PWD" raftly-failover-XXXXXX)
. cmake/three_nodes.sh
trap 'stop_all; rm -rf "$home"' EXIT

status() { curl -s -m 1 "$(url "$1")/status"; }
put() { curl -s -o /dev/null -w '%{http_code}' -X PUT -d '{"value":"x"}' "$(url "$1")/keys/k"; }

# Until a node leads whom all three know. Its number.
leader() {
  local node id
  while true; do
    for node in 1 2 3; do
      [[ $(status "$node") == *'"state":"Leader"'* ]] || continue
      id="\"leader_id\":\"node$node\""
      [[ $(status 1) == *"$id"* && $(status 2) == *"$id"* && $(status 3) == *"$id"* ]] && echo "$node" && return
    done
    sleep 0.05
  done
}

for node in 1 2 3; do start $node; done
taken=()
for ((i = 0; i < times; ++i)); do
  old=$(leader)
  other=$((old % 3 + 1))
  [[ $(put "$other") == 200 ]]
  begin=$(date +%s%N)
  kill -KILL "${pids[$old]}"
  until [[ $(put "$other") == 200 ]]; do :; done
  taken+=($((($(date +%s%N) - begin) / 1000)))
  start "$old"
done
printf '%s\n' "${taken[@]}" | sort -n | awk '{ t[NR] = $1 / 1000 }
  END { printf "%d times: median %.0f ms, p90 %.0f ms, max %.0f ms\n", NR, t[int((NR + 1) / 2)], t[int(NR * 0.9 + 0.5)], t[NR] }'

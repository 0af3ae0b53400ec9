#!/bin/bash
# What clients notice of a rolling restart, and of a lead that is handed over: rolling.sh [CONNECTIONS] [ROUNDS] (64, 3).
#
# Three servers under writes to all of them. In each round each server is stopped with SIGTERM and started again, the leader
# first; what is printed are the requests that failed and the longest that one took. Then the lead is handed over by the API
# forty times under the same load: how long that took, the server's word and the client's, and the longest request again.
set -euo pipefail
cd "$(dirname "$0")/.."

connections=${1:-64} rounds=${2:-3}
bin=$PWD/build/release/bin base=${ROLLING_PORT:-23800}
home=$(mktemp -d -p "$PWD" raftly-rolling-XXXXXX)
. cmake/three_nodes.sh
trap 'stop_all; rm -rf "$home"' EXIT

load() { "$bin/raftly-load" --endpoints "$(endpoints)" --connections "$connections" --warmup 1 --json - "$@" 2>/dev/null; }
lead() { curl -s "$(url "$1")/status" | sed -n 's/.*"leader_id":"node\([0-9]\)".*/\1/p'; }
restart() {
  local node=$1
  kill -TERM "${pids[$node]}"
  while kill -0 "${pids[$node]}" 2>/dev/null; do sleep 0.01; done
  start "$node"
  until ready "$node"; do sleep 0.05; done
}
# Of what raftly-load prints.
told() {
  sed 's/.*"puts":{\([^}]*\)}.*"refused":{\([^}]*\)},"broken":\([0-9]*\).*/\1 refused:{\2} broken:\3/' <<<"$1" |
    sed 's/"count":\([0-9]*\).*"p50_ms":\([0-9.]*\).*"max_ms":\([0-9.]*\)[^ ]*/\1 writes, p50 \2 ms, longest \3 ms,/'
}

for node in 1 2 3; do start $node; done
for node in 1 2 3; do until ready $node; do sleep 0.1; done; done

echo "$connections connections; rolling restarts, the leader first"
for ((round = 0; round < rounds; round++)); do
  result=$home/result
  load --duration 8 >"$result" &
  loading=$!
  sleep 2
  first=$(lead 1)
  for node in "$first" $((first % 3 + 1)) $(((first + 1) % 3 + 1)); do restart "$node"; sleep 0.3; done
  wait $loading
  told "$(cat "$result")"
done

echo "the lead handed over forty times: ms by the server's word, and by curl's"
load --duration 8 >"$home/result" &
loading=$!
sleep 2
for ((i = 0; i < 40; i++)); do
  answer=$(curl -s -m 10 -w ' %{time_total}' -H 'Content-Type: application/json' -d '{"id":""}' "$(url 1)/api/cluster/leader")
  sed -n 's/.*"took_ms":\([0-9]*\)} *\([0-9.]*\)$/\1 \2/p' <<<"$(tr -d '\n' <<<"$answer")"
  sleep 0.1
done | sort -n | awk '{ server[NR] = $1; client[NR] = 1000 * $2 } END { printf "%d done, p50 %d ms, longest %d ms; by curl, of the median one, %.0f ms\n", NR, server[int((NR + 1) / 2)], server[NR], client[int((NR + 1) / 2)] }'
wait $loading
told "$(cat "$home/result")"

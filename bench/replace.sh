#!/bin/bash
# What writers notice of a node that is replaced beside a large state: replace.sh [MIB] [CONNECTIONS] [TIMES] (1024, 64, 1).
#
# Three servers with so many MiB of state, under writes to all of them. Each time the youngest follower's place is given to
# a node with an empty directory, which gets the whole state by snapshot, becomes a voter, and then the other is out. What
# is printed is the throughput meanwhile beside that of thirty seconds before, snapshots that the servers make for
# themselves included, by the leader's commit index.
set -euo pipefail
cd "$(dirname "$0")/.."

mib=${1:-1024} connections=${2:-64} times=${3:-1}
bin=$PWD/build/release/bin base=${REPLACE_PORT:-23900}
home=$(mktemp -d -p "$PWD" raftly-replace-XXXXXX)

. cmake/three_nodes.sh
trap 'kill $loading 2>/dev/null || true; stop_all; rm -rf "$home"' EXIT
loading=

client() { "$bin/raftly-client" "127.0.0.1:$((base + 1))" "$@"; }
status() { { curl -s -m 5 "$(url "$1")/status" || true; } | grep -o "\"$2\":\"\?[^,\"}]*" | sed 's/.*[:"]//'; }
now() { date +%s%N; }
per_second() { awk "BEGIN { printf \"%.0f\", ($2 - $1) / ($4 - $3) * 1e9 }"; }

for node in 1 2 3; do start $node; done
for node in 1 2 3; do until ready $node; do sleep 0.1; done; done
client leader node1 >/dev/null
# A load of values of 64 KiB that ends before all keys have one is made longer.
bytes=0
for ((seconds = mib / 16 + 5; bytes >> 20 < mib; seconds *= 2)); do
  "$bin/raftly-load" --endpoints "$(endpoints)" --leader --connections 32 --duration "$seconds" --warmup 0 \
    --value-bytes 65536 --keys $((mib * 16)) --order ascending --json - >/dev/null 2>&1
  bytes=$(curl -s -m 600 -X POST "$(url 1)/api/snapshot" | grep -o '"bytes":[0-9]*' | cut -d: -f2)
done
echo "$((bytes >> 20)) MiB of state; $connections connections write 128 bytes to 10,000 other keys"

leaves=3
for ((time = 1; time <= times; time++)); do
  joins=$((3 + time))
  # To the two that stay: a replaced node's clients go elsewhere.
  "$bin/raftly-load" --endpoints "$(url 1 | cut -d/ -f3),$(url 2 | cut -d/ -f3)" --connections "$connections" --warmup 0 \
    --key-bytes 24 --duration 3600 --json - >/dev/null 2>&1 &
  loading=$!
  sleep 10
  entries=$(status 1 commit_index) begun=$(now)
  sleep 30
  before=$(per_second "$entries" "$(status 1 commit_index)" "$begun" "$(now)")
  entries=$(status 1 commit_index) begun=$(now)
  client member replace "node$leaves" "node$joins" "127.0.0.1:$((base + 10 + joins))" "127.0.0.1:$((base + joins))" >/dev/null
  "$bin/raftly-server" -id "node$joins" -grpc-addr "127.0.0.1:$((base + 10 + joins))" \
    -http-addr "127.0.0.1:$((base + joins))" -data-dir "$home/node$joins" -join "$(url 1)" "${flags[@]}" 2>>"$home/node$joins.log" &
  pids[$joins]=$!
  disown
  until curl -s -m 5 "$(url 1)/api/cluster/members" | grep -q '"joint":false' &&
    ! curl -s -m 5 "$(url 1)/api/cluster/members" | grep -q "\"id\":\"node$leaves\""; do sleep 0.2; done
  ended=$(now)
  meanwhile=$(per_second "$entries" "$(status 1 commit_index)" "$begun" "$ended")
  kill $loading 2>/dev/null || true
  wait $loading 2>/dev/null || true
  kill_node "$leaves"
  awk "BEGIN { printf \"node$joins in the place of node$leaves after %.1f s: %d writes/s meanwhile, %d before, ratio %.2f\n\", ($ended - $begun) / 1e9, $meanwhile, $before, $meanwhile / $before }"
  leaves=$joins
done

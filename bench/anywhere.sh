#!/bin/bash
# What it costs to ask another node than the leader: anywhere.sh [CONNECTIONS] [ROUNDS] (64, 3).
#
# Three servers, asked in turn through the leader, through one follower, and through all: requests/s and p99 of each round,
# for writes and for linearizable reads.
set -euo pipefail
cd "$(dirname "$0")/.."

connections=${1:-64} rounds=${2:-3}
bin=$PWD/build/release/bin base=${ANYWHERE_PORT:-23700}
home=$(mktemp -d -p "$PWD" raftly-anywhere-XXXXXX)
. cmake/three_nodes.sh
trap 'stop_all; rm -rf "$home"' EXIT

load() { "$bin/raftly-load" --connections "$connections" --duration 3 --warmup 1 --json - "$@"; }
# Of "puts" or "gets".
field() { sed "s/.*\"$2\":{\([^}]*\)}.*/\1/; s/.*\"$3\":\([0-9.]*\).*/\1/" <<<"$1"; }

for node in 1 2 3; do start $node; done
for node in 1 2 3; do until ready $node; do sleep 0.1; done; done
lead=$(curl -s "$(url 1)/status" | sed 's/.*"leader_id":"node\([0-9]\)".*/\1/')
follower=127.0.0.1:$((base + lead % 3 + 1))
declare -A through=([leader]="--endpoints $(endpoints) --leader" [follower]="--endpoints $follower" [all]="--endpoints $(endpoints)")

echo "$connections connections, requests/s and p99 in ms, round by round"
for kind in puts gets; do
  declare -A row=()
  for ((round = 0; round < rounds; round++)); do
    for whom in leader follower all; do
      result=$(load ${through[$whom]} --gets $([[ $kind == gets ]] && echo 100 || echo 0))
      row[$whom]+=$(printf '%9.0f %6.2f' "$(field "$result" $kind per_second)" "$(field "$result" $kind p99_ms)")
    done
  done
  for whom in leader follower all; do printf '%-5s%-9s%s\n' $kind $whom "${row[$whom]}"; done
done

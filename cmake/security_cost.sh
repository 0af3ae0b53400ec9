#!/bin/bash
# What TLS and tokens cost: PUT/s at 64 connections on three nodes without, with TLS everywhere, with tokens, with both.
#
# COST_SECONDS=5  COST_ROUNDS=3  COST_PORT=24400. In turns, so that whatever else this machine does falls on all alike;
# the ratios are of the best rounds, which had most of it to themselves.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/build/release/bin seconds=${COST_SECONDS:-5} rounds=${COST_ROUNDS:-3} base=${COST_PORT:-24400}
home=$(mktemp -d -p "$PWD" raftly-cost-XXXXXX)
source cmake/three_nodes.sh
trap 'stop_all; rm -rf "$home"' EXIT
cmake/certificates.sh "$home/tls" "$bin/raftly-server" node1 node2 node3

# measure KIND: starts a cluster, loads its leader, stops it; PUT/s.
measure() {
  local kind=$1 load=(--leader --connections 64 --duration "$seconds" --warmup 2 --json -)
  [[ $kind != *tls* ]] || load+=(--ca "$home/tls/ca.crt")
  [[ $kind != *tokens* ]] || load+=(--token-file "$home/tls/both.token")
  for node in 1 2 3; do
    flags=()
    [[ $kind != *tls* ]] || flags+=(-tls-cert "$home/tls/node$node.crt" -tls-key "$home/tls/node$node.key" -tls-ca "$home/tls/ca.crt"
      -http-tls-cert "$home/tls/node$node.crt" -http-tls-key "$home/tls/node$node.key")
    [[ $kind != *tokens* ]] || flags+=(-tokens "$home/tls/both.json")
    start "$node"
  done
  local result=
  for _ in {1..50}; do
    result=$("$bin/raftly-load" --endpoints "$(endpoints)" "${load[@]}" 2>/dev/null) && break
    sleep 0.2
  done
  stop_all
  rm -rf "$home"/node?
  sed -n 's/.*"puts":{"count":[0-9]*,"per_second":\([0-9.]*\).*/\1/p' <<<"$result"
}

mapfile -t made < <("$bin/raftly-server" -new-token both read,write)
echo "${made[0]}" >"$home/tls/both.token"
echo "[${made[1]}]" >"$home/tls/both.json"
declare -A all
for ((round = 1; round <= rounds; ++round)); do
  for kind in plain tls tokens tls+tokens; do
    one=$(measure "$kind")
    all[$kind]+="$one "
    echo "round $round  $kind  $one PUT/s"
  done
done
best() { tr ' ' '\n' <<<"$1" | sort -n | tail -1; }
plain=$(best "${all[plain]}")
for kind in tls tokens tls+tokens; do
  awk -v a="$(best "${all[$kind]}")" -v b="$plain" -v kind="$kind" 'BEGIN { printf "%s beside plain: %.2f\n", kind, a / b }'
done
awk -v a="$(best "${all[tls+tokens]}")" -v b="$(best "${all[tls]}")" 'BEGIN { printf "tls+tokens beside tls: %.2f\n", a / b }'

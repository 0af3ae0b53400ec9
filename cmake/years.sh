#!/bin/bash
# What years of writes and a large state cost three servers: years.sh [WRITES] [MIB] (10000000, 1024).
#
# First so many writes of 128 bytes to 10,000 keys, in the middle of which a node loses its directory; then another
# cluster with so many MiB of state, snapshots of it under load, and a node that begins beside it with nothing. Each
# figure stands beside its limit, measured in the same run. YEARS_SECONDS=10 for each cell under load.
set -euo pipefail
cd "$(dirname "$0")/.."

writes=${1:-10000000} mib=${2:-1024} seconds=${YEARS_SECONDS:-10}
bin=$PWD/build/release/bin base=${YEARS_PORT:-23800}
home=$(mktemp -d -p "$PWD" raftly-years-XXXXXX)
. cmake/three_nodes.sh
trap 'stop_all; rm -rf "$home"' EXIT

# Without a process of its own for each question: on two cores they would be part of what is measured.
is_ready() {
  local line=""
  { exec 9<>"/dev/tcp/127.0.0.1/$((base + $1))"; } 2>/dev/null || return 1
  printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&9
  read -r -t 5 line <&9 || true
  exec 9>&-
  [[ $line == *" 200 "* ]]
}
await() { until is_ready "$1"; do sleep "${2:-0.1}"; done; }
status() { { curl -s -m 5 "$(url "$1")/status" || true; } | grep -o "\"$2\":\"\?[^,\"}]*" | sed 's/.*[:"]//'; }
leader() {
  local node
  while true; do
    for node in 1 2 3; do [[ $(status $node state) != Leader ]] || { echo $node; return; }; done
    sleep 0.1
  done
}
largest() { printf '%s\n' "$(resident 1)" "$(resident 2)" "$(resident 3)" | sort -n | tail -1; }
ms() { echo $((($(date +%s%N) - $1) / 1000000)); }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
# load SECONDS CONNECTIONS [FLAGS...]: the result as JSON; retried until the cluster has a leader.
load() {
  local duration=$1 connections=$2
  shift 2
  until "$bin/raftly-load" --endpoints "$(endpoints)" --leader --connections "$connections" --duration "$duration" --json - \
    "$@" 2>"$home/load.err"; do sleep 0.2; done
}
field() { sed "s/.*\"puts\":{\([^}]*\)}.*/\1/; s/.*\"$2\":\([0-9.]*\).*/\1/" <<<"$1"; }
# write_until COUNT: as much load as it takes until so many entries are committed.
write_until() {
  local have
  while true; do
    have=$(status "$(leader)" commit_index)
    ((have < $1)) || return 0
    load "$((have + 600000 < $1 ? 10 : 1))" 128 --warmup 0 >/dev/null
  done
}

echo "== $writes writes of 128 bytes to 10,000 keys, three nodes"
for node in 1 2 3; do start $node; done
await 1
few=$((writes / 100))
write_until "$few"
before=$(largest)
write_until $((writes / 2))
victim=$(($(leader) % 3 + 1))
kill_node "$victim"
rm -rf "$home/node$victim"
begin=$(date +%s%N)
start "$victim" -rejoin
await "$victim"
echo "node$victim lost its directory at $(status "$(leader)" commit_index) entries and was back after $(ms "$begin") ms" \
  "with the snapshot of index $(status "$victim" snapshot_index)"
begin=$(date +%s%N)
write_until "$writes"
echo "the second half of the writes: $(awk "BEGIN { printf \"%.0f\", $writes / 2 * 1000 / $(ms "$begin") }")/s"
after=$(largest)
echo "resident memory, the largest of three: $((before / 1024)) MiB after $few writes, $((after / 1024)) MiB after" \
  "$writes: $(ratio "$after" "$before")"
for node in 1 2 3; do
  echo "node$node: log $(($(status $node log_bytes) >> 20)) MiB from index $(status $node first_index) on," \
    "snapshot $(status $node snapshot_index), on disk $(du -sm "$home/node$node" | cut -f1) MiB"
done
victim=$(($(leader) % 3 + 1))
kill_node "$victim"
begin=$(date +%s%N)
start "$victim"
until [[ -n $(status "$victim" state) ]]; do sleep 0.005; done
answering=$(ms "$begin")
await "$victim" 0.005
echo "start after $writes writes: $answering ms until it answers, $(ms "$begin") ms until it is ready"
stop_all
rm -rf "$home"/node*

echo "== $mib MiB of state in values of 64 KiB, three nodes"
flags=(-snapshot-log-mib $((mib * 4)))
for node in 1 2 3; do start $node; done
await 1
load "$((mib / 16 + 5))" 32 --value-bytes 65536 --keys $((mib * 16)) --order ascending --warmup 0 >/dev/null
lead=$(leader)
echo "filled: $(status "$lead" commit_index) entries for $((mib * 16)) keys, RSS $(($(resident "$lead") / 1024)) MiB"
snapshot() { curl -s -m 600 -X POST "$(url "$1")/api/snapshot"; }
took() { grep -o '"took_ms":[0-9]*' <<<"$1" | cut -d: -f2; }
bytes() { grep -o '"bytes":[0-9]*' <<<"$1" | cut -d: -f2; }
for round in 1 2 3; do
  sync
  load 0.1 1 --warmup 0 --key-bytes 24 >/dev/null  # a snapshot of what was snapshotted already costs nothing
  made=$(snapshot "$lead")
  sync
  begin=$(date +%s%N)
  # The same bytes, for zeros may never reach a disk.
  dd if="$(ls "$home/node$lead"/snapshot-*.snap | tail -1)" of="$home/raw" bs=1M conv=fdatasync 2>/dev/null
  raw=$(ms "$begin")
  rm -f "$home/raw"
  echo "snapshot of $(($(bytes "$made") >> 20)) MiB: $(took "$made") ms; writing and syncing as many raw bytes: $raw ms:" \
    "$(ratio "$raw" "$(took "$made")")"
done

for round in 1 2 3; do
  quiet=$(load "$seconds" 64 --key-bytes 24)  # others than those that fill the state
  (while [[ ! -e $home/enough ]]; do snapshot "$lead"; echo; done >"$home/snapshots") &
  busy=$(load "$seconds" 64 --key-bytes 24)
  touch "$home/enough"
  wait $!
  rm -f "$home/enough"
  echo "put, 64 connections: $(field "$quiet" per_second)/s, p99 $(field "$quiet" p99_ms) ms; during snapshots" \
    "($(grep -c took_ms "$home/snapshots") of them): $(field "$busy" per_second)/s, p99 $(field "$busy" p99_ms) ms:" \
    "throughput $(ratio "$(field "$busy" per_second)" "$(field "$quiet" per_second)")," \
    "p99 $(ratio "$(field "$busy" p99_ms)" "$(field "$quiet" p99_ms)")"
done
curl -s "$(url "$lead")/metrics" | awk '/^raftly_apply_pause_seconds_bucket/ { if (!done && $NF == total) done = 1 }
  /^raftly_apply_pause_seconds_count/ { total = $NF } /^raftly_apply_pause_seconds_sum/ { sum = $NF }
  END { printf "the state machine stood still %d times, %.3f ms on average\n", total, sum * 1000 / total }'

# Three times, in turn: a single ratio moves from run to run.
for round in 1 2 3; do
  victim=$(($(leader) % 3 + 1))
  kill_node "$victim"
  rm -rf "$home/node$victim"
  begin=$(date +%s%N)
  start "$victim" -rejoin
  # -rejoin answers nobody at first, however much there is to catch up with.
  until [[ -n $(status "$victim" leader_id) ]]; do sleep 0.05; done
  silent=$(ms "$begin")
  await "$victim" 0.05
  whole=$(($(ms "$begin") - silent))
  copy=$(RAFTLY_BENCH_DIR=$home "$bin/raftly-bench" --benchmark_filter="CopyOverGrpc/MiB:1024" --benchmark_format=csv \
    2>/dev/null | awk -F, '/CopyOverGrpc/ { print $3 }')
  copy=$(awk "BEGIN { print $copy * $mib / 1024 }")
  echo "a node with an empty directory: after $silent ms of silence (-rejoin), ready in $whole ms with the snapshot of index" \
    "$(status "$victim" snapshot_index); copying as many bytes over loopback gRPC: ${copy%.*} ms: $(ratio "$whole" "$copy")"
done

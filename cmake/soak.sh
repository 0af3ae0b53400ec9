#!/bin/bash
# Three servers under writes at full speed while one of them, drawn at random, is killed with -9 every few seconds and
# now and then loses its directory: soak.sh [MINUTES] (10). In the end every acknowledged write has to be there.
#
# Small limits, so that snapshots are made and sent all the time: SOAK_FLAGS. SOAK_CONNECTIONS=32 SOAK_SEED
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:-10} bin=$PWD/build/release/bin base=${SOAK_PORT:-23700} connections=${SOAK_CONNECTIONS:-32}
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || { echo "MINUTES: want a number, not \"$minutes\"" >&2; exit 2; }
RANDOM=${SOAK_SEED:-$RANDOM}
seconds=$(awk "BEGIN { printf \"%d\", $minutes * 60 }")
home=$(mktemp -d -p "$PWD" raftly-soak-XXXXXX)
. cmake/three_nodes.sh
read -ra flags <<<"${SOAK_FLAGS:--snapshot-log-mib 8 -keep-log-mib 2 -log-cache-mib 4}"
# What happened is kept where it went wrong.
trap 'status=$?; stop_all; if [[ $status == 0 ]]; then rm -rf "$home"; else echo "logs and data are in $home" >&2; fi' EXIT

await_all() {
  local node tries
  for ((tries = 0; tries < 1200; ++tries)); do
    for node in 1 2 3; do ready "$node" || { sleep 0.1; continue 2; }; done
    return
  done
  echo 'the nodes are not ready after two minutes' >&2
  exit 1
}

# metric NODE NAME: the sum of its series as one whole number; 0 where there are none.
metric() {
  { curl -s -m 2 "$(url "$1")/metrics" || true; } |
    awk -v name="$2" 'index($1, name) == 1 { sum += $NF } END { printf "%.0f", sum }'
}

snapshots=0 installs=0
count_before_kill() {
  snapshots=$((snapshots + $(metric "$1" 'raftly_snapshots_total{outcome="made"')))
  installs=$((installs + $(metric "$1" raftly_snapshots_installed_total)))
}
row() {
  local node made=$snapshots installed=$installs memory=() log=() cache=()
  for node in 1 2 3; do
    made=$((made + $(metric "$node" 'raftly_snapshots_total{outcome="made"')))
    installed=$((installed + $(metric "$node" raftly_snapshots_installed_total)))
    memory+=("$(($(resident "$node") >> 10))")
    log+=("$(($(metric "$node" raftly_wal_bytes) >> 20))")
    cache+=("$(($(metric "$node" raftly_log_memory_bytes) >> 20))")
  done
  printf '%5d s %6d %6d %9d %9d %9s %16s %16s %16s\n' $((SECONDS - began)) "$kills" "$wiped" "$made" "$installed" \
    "$(metric 1 raftly_committed_index)" "${memory[*]}" "${log[*]}" "${cache[*]}"
}

for node in 1 2 3; do start $node; done
await_all
"$bin/raftly-soak" --endpoints "$(endpoints)" --duration "$seconds" --connections "$connections" --keys 20000 \
  >"$home/soak.log" 2>&1 &
writer=$!
kills=0 wiped=0 began=$SECONDS next_row=0
printf '%7s %6s %6s %9s %9s %9s %16s %16s %16s\n' time kills wiped snapshots installs commit 'RSS MiB' 'log MiB' 'in memory MiB'
while ((SECONDS - began < seconds)); do
  sleep $((2 + RANDOM % 3))
  # One at a time: whoever lost its directory must have caught up before the next one goes.
  await_all
  if ((SECONDS - began >= next_row)); then
    row
    next_row=$((SECONDS - began + 15))
  fi
  victim=$((RANDOM % 3 + 1))
  count_before_kill "$victim"
  kill_node "$victim"
  kills=$((kills + 1))
  if ((kills % 5 == 0)); then
    rm -rf "$home/node$victim"
    wiped=$((wiped + 1))
    start "$victim" -rejoin
  else
    start "$victim"
  fi
done
await_all
row
status=0
wait "$writer" || status=$?
cat "$home/soak.log"
exit $status

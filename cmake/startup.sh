#!/bin/bash
# How long a server takes to be back with so many entries in its log, and how much memory it then has: startup.sh
# [ENTRIES...], by default 10000 100000 1000000.
#
# One server, filled through HTTP, killed with -9, and started again. STARTUP_VALUE=128
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$PWD/build/release/bin port=${STARTUP_PORT:-23600} value=${STARTUP_VALUE:-128}
home=$(mktemp -d -p "$PWD" raftly-startup-XXXXXX)
pid=
trap '[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$home"' EXIT

start() {
  "$bin/raftly-server" -id node1 -grpc-addr "127.0.0.1:$((port + 1))" -http-addr "127.0.0.1:$port" \
    -data-dir "$home/node1" 2>"$home/log" &
  pid=$!
  disown
}

# applied: how many entries; 0 where the server does not answer yet.
applied() {
  local status
  status=$(curl -s -m 1 "http://127.0.0.1:$port/status" | grep -o '"last_applied":[0-9]*') || status=:0
  echo "${status##*:}"
}

resident() { awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$pid/status"; }

start
until [[ $(applied) -gt 0 ]]; do sleep 0.05; done
empty=$(resident)
printf '%9s %9s %12s %12s %9s %12s\n' entries 'log MB' 'recovery ms' 'serving ms' 'RSS MB' 'bytes/entry'
[[ $# -gt 0 ]] || set -- 10000 100000 1000000
for entries; do
  until [[ $(applied) -ge $entries ]]; do
    "$bin/raftly-load" --endpoints "127.0.0.1:$port" --connections 64 --value-bytes "$value" --warmup 0 \
      --duration 0.2 --json - >"$home/load.json" 2>"$home/load.err" || { cat "$home/load.err" >&2; exit 1; }
  done
  have=$(applied)
  kill -KILL "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
  begin=$(date +%s%N)
  start
  until [[ $(applied) -ge $have ]]; do sleep 0.005; done
  serving=$((($(date +%s%N) - begin) / 1000000))
  rss=$(resident)
  awk -v entries="$have" -v log_bytes="$(cat "$home"/node1/*.wal | wc -c)" -v log_line="$(grep -m1 recovered "$home/log")" \
    -v serving="$serving" -v rss="$rss" -v empty="$empty" 'BEGIN {
      match(log_line, /took_ms=[0-9.]+/); recovery = substr(log_line, RSTART + 8, RLENGTH - 8)
      printf "%9d %9.1f %12s %12d %9.1f %12.0f\n", entries, log_bytes / 1e6, recovery, serving, rss / 1e6, (rss - empty) / entries
    }'
done

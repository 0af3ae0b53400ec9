#!/bin/bash
# What a write costs besides its syncs: handovers.sh [CONNECTIONS] [SECONDS] (1, 5).
#
# Three servers under a closed load of PUTs. Per write, and for each kind of thread of the leader and of a follower: context
# switches (of its own will, and not), microseconds of CPU. With strace installed, system calls of the leader besides, in a
# second run, for strace slows down what it watches.
set -euo pipefail
cd "$(dirname "$0")/.."

connections=${1:-1} seconds=${2:-5}
bin=$PWD/build/release/bin base=${HANDOVERS_PORT:-23900}
home=$(mktemp -d -p "$PWD" raftly-handovers-XXXXXX)
. cmake/three_nodes.sh
trap 'stop_all; rm -rf "$home"' EXIT

load() {
  "$bin/raftly-load" --endpoints "$(endpoints)" --leader --connections "$connections" --duration "$1" --warmup "$2" --json -
}
# A line for each thread of a node: id, name, voluntary and other switches, clock ticks.
threads() {
  local task
  for task in /proc/"${pids[$1]}"/task/*; do
    echo "${task##*/} $(tr ' ' _ <"$task/comm") $(awk '/^voluntary/ { v = $2 } /^nonvoluntary/ { print v, $2 }' "$task/status")" \
      "$(sed 's/.*) //' "$task/stat" | awk '{ print $12 + $13 }')"
  done
}
field() { sed "s/.*\"puts\":{\([^}]*\)}.*/\1/; s/.*\"$2\":\([0-9.]*\).*/\1/" <<<"$1"; }

for node in 1 2 3; do start $node; done
for node in 1 2 3; do until ready $node; do sleep 0.1; done; done
load 0.5 0 >/dev/null
lead=0
for node in 1 2 3; do [[ $(curl -s "$(url $node)/status") != *'"state":"Leader"'* ]] || lead=$node; done
follower=$((lead % 3 + 1))
for node in $lead $follower; do threads $node >"$home/before$node"; done
result=$(load "$seconds" 0)
for node in $lead $follower; do threads $node >"$home/after$node"; done
writes=$(field "$result" count)
echo "$connections connections: $(field "$result" per_second) writes/s, p50 $(field "$result" p50_ms) ms, p99 $(field "$result" p99_ms) ms"
for node in $lead $follower; do
  echo "== $([[ $node == "$lead" ]] && echo leader || echo follower), per write"
  awk -v writes="$writes" -v tick="$(getconf CLK_TCK)" '
    NR == FNR { voluntary[$1] = $3; other[$1] = $4; ticks[$1] = $5; next }
    { v[$2] += $3 - voluntary[$1]; o[$2] += $4 - other[$1]; t[$2] += $5 - ticks[$1] }
    END {
      format = "%-18s %6.2f switches, %5.2f of them not of its own will, %6.1f us\n"
      for (name in v) {
        V += v[name]; O += o[name]; T += t[name]
        if (v[name] + o[name] > writes / 50) printf format, name, (v[name] + o[name]) / writes, o[name] / writes, t[name] * 1e6 / tick / writes
      }
      printf format, "all", (V + O) / writes, O / writes, T * 1e6 / tick / writes
    }' "$home/before$node" "$home/after$node"
done
command -v strace >/dev/null || exit 0
load 4 0 >"$home/traced" &
sleep 1
timeout 2 strace -f -c -o "$home/calls" -p "${pids[$lead]}" 2>/dev/null || true
wait %1 || true
# strace tells no number of writes: a write is one sync of the leader's.
echo "== leader, system calls per sync of its log"
awk '$NF == "fdatasync" { syncs = $4 } $4 ~ /^[0-9]+$/ && $NF != "total" { calls[$NF] = $4 }
  END { for (name in calls) if (calls[name] > syncs / 20) printf "%-18s %6.2f\n", name, calls[name] / syncs }' "$home/calls" |
  sort -k2 -nr

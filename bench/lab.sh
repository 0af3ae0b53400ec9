#!/bin/bash
# What the laboratory costs: simulated seconds per second of processor time with tracing and without, shrinking, and, where
# there are Node and a Chromium, the page: from a click to both pictures, and frames per second. SEEDS=40 lab.sh
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${SEEDS:-40}
work=$(mktemp -d)
trap 'rm -rf "$work"; [[ -z ${server:-} ]] || kill "$server"' EXIT
TIMEFORMAT=%U

for ((seed = 1; seed <= seeds; ++seed)); do bin/raftly-sim --seed "$seed" --experiment >"$work/$seed.json"; done
run_all() {
  for ((seed = 1; seed <= seeds; ++seed)); do
    { bin/raftly-lab run "$work/$seed.json" || [[ $? == 1 ]]; } >"$work/$seed.trace"
  done
}
processor=$({ time run_all; } 2>&1)
# The last event of a trace is the end of its run.
traced=$(for ((seed = 1; seed <= seeds; ++seed)); do grep '^{"t":' "$work/$seed.trace" | tail -n 1; done |
  sed 's/{"t":\([0-9.]*\).*/\1/' |
  awk -v processor="$processor" '{ ms += $1 } END { printf "%.0f", ms / 1000 / processor }')
plain=$(bin/raftly-sim --seeds "1-$seeds" --threads 1 --again-every 0 | sed -n 's/.*: \([0-9]*\) simulated.*/\1/p')
echo "tracing on: $traced simulated seconds per second of one core; off: $plain; ratio $(awk "BEGIN { printf \"%.2f\", $traced / $plain }")"

# Seeds that fail without a defence, the first of each.
TIMEFORMAT=%R
for defence in vote_persistence waiter_term log_matching; do
  for ((seed = 1; seed <= 60; ++seed)); do
    bin/raftly-sim --seed "$seed" --again-every 0 --without "$defence" >/dev/null || break
  done
  bin/raftly-sim --seed "$seed" --without "$defence" --experiment >"$work/failing.json"
  seconds=$({ time bin/raftly-lab shrink "$work/failing.json" >/dev/null 2>"$work/left" || true; } 2>&1)
  echo "shrink of seed $seed without $defence: $seconds s"
done

chromium=${RAFTLY_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [[ -z $chromium ]] || ! command -v node >/dev/null || [[ ! -d web/node_modules ]]; then
  echo 'the page: not measured, it needs Node, web/node_modules (make web) and a Chromium'
  exit 0
fi
port=${PORT:-8018}
bin/raftly-lab serve "localhost:$port" >"$work/serve.log" &
server=$!
until grep -q 'laboratory is at' "$work/serve.log"; do kill -0 "$server" && sleep 0.05; done
(cd web && RAFTLY_CHROMIUM=$chromium node scripts/lab-frames.mjs "http://localhost:$port")

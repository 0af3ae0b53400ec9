#!/bin/bash
# Runs the fuzzers of tests/fuzz under AddressSanitizer and UBSan: fuzz.sh <minutes> <jobs> [<target>].
#
# Each target runs so many minutes, as many at a time as there are jobs, from its seeds, the corpus in the repository, and
# what earlier runs kept in build/fuzz/corpus. Then one table. Where a target finds something, its input is kept in
# build/fuzz/findings, and the exit code is not 0.
#
#   fuzz.sh merge   writes tests/fuzz/corpus anew: of all inputs known, few that reach nearly all that is reached
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/fuzz
longest=1024
most_files=60
targets=(command experiment http json peers settings snapshot wal)

# Little memory behind and no stacks of allocations: a tenth of the time goes there otherwise. Who looks into a finding runs the
# program on it with neither.
export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=8:malloc_context_size=0}

# Runs one target in a shell of its own, and notes how much CPU it took.
fuzz() {
  local target=$1 seconds=$2 status=0
  mkdir -p "$build/corpus/$target" "tests/fuzz/corpus/$target"
  # -entropic=0: that schedule takes longer than most inputs.
  "$build/bin/fuzz_$target" -max_total_time="$seconds" -max_len=$longest -entropic=0 -print_final_stats=1 \
    -artifact_prefix="$build/findings/$target-" "$build/corpus/$target" "$build/seeds/$target" \
    "tests/fuzz/corpus/$target" >"$build/logs/$target.log" 2>&1 &
  trap "kill $!" TERM
  wait $! || status=$?
  times >"$build/logs/$target.cpu"
  return $status
}

# Of children, in what `times` prints: "0m0.0s 0m0.0s", and on the second line "1m2.3s 0m4.5s" of theirs.
seconds_in() {
  tr -c '0-9.\n' ' ' <"$1" | awk 'NR == 2 { print $1 * 60 + $2 + $3 * 60 + $4 }'
}

finding_of() { sed -n 's/.*Test unit written to //p' "$build/logs/$1.log"; }

row() {
  local log=$build/logs/$1.log finding executions edges
  finding=$(finding_of "$1")
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  awk -v target="$1" -v n="${executions:-0}" -v cpu="$(seconds_in "$build/logs/$1.cpu")" -v edges="${edges:-0}" \
    -v finding="${finding:-none}" \
    'BEGIN { printf "%-11s %12d %12.0f %8d  %s\n", target, n, (cpu > 0 ? n / cpu : 0), edges, finding }'
}

merge() {
  local target
  for target in "${targets[@]}"; do
    local merged=$build/merged/$target
    rm -rf "$merged" && mkdir -p "$merged" "$build/corpus/$target" "tests/fuzz/corpus/$target"
    "$build/bin/fuzz_$target" -set_cover_merge=1 -use_counters=0 -max_len=$longest "$merged" "tests/fuzz/corpus/$target" \
      "$build/corpus/$target" "$build/seeds/$target" >"$build/logs/$target.merge" 2>&1
    # What was found once stays, under its name.
    find "tests/fuzz/corpus/$target" -type f ! -name 'finding-*' -delete
    find "$merged" -type f -printf '%s %f\n' | sort -rn | awk -v most=$most_files 'NR <= most' |
      while read -r _ name; do cp "$merged/$name" "tests/fuzz/corpus/$target/${name:0:12}"; done
    echo "$target: $(find "tests/fuzz/corpus/$target" -type f | wc -l) files"
  done
}

cmake/deps.sh build fuzz
mkdir -p $build/logs $build/findings
jobs=${2:-$(nproc)}
cmake --preset fuzz >"$build/configure.log" 2>&1 || { cat "$build/configure.log" >&2; exit 1; }
cmake --build $build --parallel "$jobs" --target fuzzers
rm -rf $build/seeds && $build/bin/write_seeds $build/seeds

if [[ ${1:-} == merge ]]; then
  merge
  exit
fi

seconds=$(($1 * 60))
if [[ -n ${3:-} ]]; then
  [[ " ${targets[*]} " == *" $3 "* ]] || { echo "fuzz.sh: no target '$3'; there are ${targets[*]}" >&2; exit 2; }
  targets=("$3")
fi
failed=0 running=0
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
wait_for_one() {
  wait -n || failed=1
  running=$((running - 1))
}
for target in "${targets[@]}"; do
  ((running < jobs)) || wait_for_one
  fuzz "$target" "$seconds" &
  running=$((running + 1))
done
while ((running > 0)); do wait_for_one; done

printf '%-11s %12s %12s %8s  %s\n' target executions per-cpu-sec edges finding
for target in "${targets[@]}"; do row "$target"; done
for target in "${targets[@]}"; do
  finding=$(finding_of "$target")
  [[ -z $finding ]] || echo "again: $build/bin/fuzz_$target $finding; what it said: $build/logs/$target.log" >&2
done
exit $failed

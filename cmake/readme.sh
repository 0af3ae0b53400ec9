#!/bin/bash
# Runs the README's shell blocks, one after the other in one shell, on a cluster and a data directory of their own:
# readme.sh [FILE]
#
# A comment right above a block says what is special about it:
#   <!-- own terminal -->     it runs until Ctrl-C: it is started aside, and what follows waits for the cluster
#   <!-- not run: WHY -->     for people only; it is listed
#
# Needs what `make build` makes, and builds nothing itself. An answer of 400 or above is a failure. Where the README's
# ports are taken, or a tool is missing, it says so and skips everything.
set -uo pipefail
file=$(realpath "${1:-$(dirname "$0")/../README.md}")
cd "$(dirname "$0")/.."

skip() { echo "README: skipped: $1"; exit 0; }
for tool in curl pgrep; do
  command -v $tool >/dev/null || skip "$tool is missing (apt-get install --no-install-recommends curl procps)"
done
for port in 7001 7002 7003 7004 8001 8002 8003 8004; do
  ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || skip "another program (another cluster?) listens on port $port"
done
[[ -x bin/raftly-server ]] || { echo 'README: bin/raftly-server is missing: run make build' >&2; exit 1; }

# A place as after `make build`, but without data.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir "$home/blocks" "$home/raftly"
ln -s "$PWD/bin" "$PWD/build" "$home/raftly/"
cp -r Makefile cmake "$home/raftly/"
printf '%s\n' silent show-error fail-with-body 'max-time = 30' 'write-out = "\n"' >"$home/.curlrc"

# blocks/N, and a line "N LINE KIND WHY" for each.
awk -v dir="$home/blocks" '
  /^<!-- own terminal -->$/      { kind = "aside"; next }
  /^<!-- not run: .* -->$/       { kind = "not_run"; why = $0; gsub(/^<!-- not run: | -->$/, "", why); next }
  /^```(sh|bash|shell|console)$/ { inside = 1; print ++n, NR, (kind ? kind : "run"), why; next }
  /^```$/ && inside              { inside = 0; kind = why = "" ; next }
  inside                         { print >(dir "/" n); next }
  NF                             { kind = why = "" }' "$file" >"$home/list"
not_run=$(grep -c ' not_run ' "$home/list")

# Make trusts what is built.
cat >"$home/run" <<'END'
: >"$HOME/output"
make() { command make --no-print-directory -o build "$@"; }
await_cluster() {
  local deadline=$((SECONDS + 20)) port
  for port in 8001 8002 8003; do
    until curl -w '' -o /dev/null "localhost:$port/readyz" 2>/dev/null; do
      ((SECONDS < deadline)) || { echo "no cluster after 20 s:"; cat "$HOME/aside.log"; exit 1; }
      sleep 0.1
    done
  done
}
asides=()  # process groups
stop() {
  cat "$HOME/output"  # of a block that failed
  kill -- $(jobs -p) "${asides[@]/#/-}" 2>/dev/null
  wait
}
trap stop EXIT
trap 'exit 130' INT TERM
while read -r n line kind why <&3; do
  if [[ $kind == not_run ]]; then
    echo "--- line $line, not run: $why"
    continue
  fi
  echo "--- line $line"
  sed 's/^/$ /' "$HOME/blocks/$n"
  if [[ $kind == aside ]]; then
    set -m
    (trap : TERM; source "$HOME/blocks/$n") >>"$HOME/aside.log" 2>&1 </dev/null 3<&- &
    set +m
    asides+=($!)
    await_cluster
  else
    set -e
    source "$HOME/blocks/$n" >"$HOME/output" 2>&1 </dev/null 3<&-
    set +e
    tail -n 12 "$HOME/output" | cut -c 1-200
    : >"$HOME/output"
  fi
  echo "$line" >>"$HOME/ran"
done 3<"$HOME/list"
exit 0
END
(cd "$home/raftly" && exec env -i HOME="$home" PATH="$PATH" LANG=C.UTF-8 timeout -k 20 300 bash "$home/run") 2>&1
status=$?
touch "$home/ran"
ran=$(wc -l <"$home/ran")
if ((status != 0 || ran == 0)); then
  echo "README: a block failed, $ran ran before it" >&2
  exit 1
fi
echo "README: $ran blocks ran, $not_run not run"

#!/bin/bash
# The same load on a cluster of our servers and, in turn, on one of etcd's: load.sh [FILE for JSON lines].
#
# LOAD_NODES=3  LOAD_CONNECTIONS="1 4 16 64 256"  LOAD_SECONDS=5  LOAD_VALUE=128  ETCD_PEERS=directory
#
# ETCD_PEERS holds bin/etcd and bin/ec, a client of etcd's gRPC API: ec status|put|range ADDRESS [CONNECTIONS SECONDS BYTES].
# That is the harder comparison, for it takes less of the processors that all share than etcd's JSON gateway does, which is
# asked otherwise.
#
# Clusters live in a directory below the working directory, so the disk is the one that the project is on. Both are
# asked through their leader, and rest while the other works; each has its own usual timings. Where there is no etcd (Debian's package
# etcd-server), ours is measured alone. A trivial HTTP server shows what HTTP itself costs.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$PWD/build/release/bin json=${1:-}
nodes=${LOAD_NODES:-3} connections=${LOAD_CONNECTIONS:-1 4 16 64 256} seconds=${LOAD_SECONDS:-5} value=${LOAD_VALUE:-128}
home=$(mktemp -d -p "$PWD" raftly-load-XXXXXX)
declare -A pids
stop_all() {
  for pid in "${pids[@]}"; do kill -CONT "$pid"; kill -KILL "$pid"; done 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$home"
}
trap stop_all EXIT
[[ -z $json ]] || : >"$json"
grpc=
if [[ -n ${ETCD_PEERS:-} ]]; then
  [[ -x $ETCD_PEERS/bin/etcd && -x $ETCD_PEERS/bin/ec ]] || { echo "ETCD_PEERS: no bin/etcd and bin/ec in \"$ETCD_PEERS\"" >&2; exit 1; }
  grpc=$ETCD_PEERS/bin/ec PATH=$ETCD_PEERS/bin:$PATH
fi
at_64=

base=${LOAD_PORT:-23400}
[[ $nodes =~ ^[1-9]$ ]] || { echo "LOAD_NODES: want 1 to 9, not \"$nodes\"" >&2; exit 1; }
# addresses FIRST_PORT: of all nodes, the first one at the port after it.
addresses() {
  local node list=
  for ((node = 1; node <= nodes; ++node)); do list+=",127.0.0.1:$(($1 + node))"; done
  echo "${list#,}"
}
ours=$(addresses "$base") theirs=$(addresses $((base + 20)))

start_ours() {
  local node other peers http
  for ((node = 1; node <= nodes; ++node)); do
    peers= http=
    for ((other = 1; other <= nodes; ++other)); do
      http+=",node$other=127.0.0.1:$((base + other))"
      [[ $other == "$node" ]] || peers+=",node$other=127.0.0.1:$((base + 10 + other))"
    done
    "$bin/raftly-server" -id "node$node" -grpc-addr "127.0.0.1:$((base + 10 + node))" \
      -http-addr "127.0.0.1:$((base + node))" -data-dir "$home/node$node" ${peers:+-peers "${peers#,}"} \
      -http-peers "${http#,}" \
      2>"$home/node$node.log" &
    pids[node$node]=$!
  done
}

start_theirs() {
  local node other cluster=
  for ((other = 1; other <= nodes; ++other)); do cluster+=",etcd$other=http://127.0.0.1:$((base + 30 + other))"; done
  for ((node = 1; node <= nodes; ++node)); do
    etcd --name "etcd$node" --data-dir "$home/etcd$node" --heartbeat-interval 50 --election-timeout 500 \
      --listen-client-urls "http://127.0.0.1:$((base + 20 + node))" \
      --advertise-client-urls "http://127.0.0.1:$((base + 20 + node))" \
      --listen-peer-urls "http://127.0.0.1:$((base + 30 + node))" \
      --initial-advertise-peer-urls "http://127.0.0.1:$((base + 30 + node))" \
      --initial-cluster "${cluster#,}" --initial-cluster-state new --logger zap --log-level error \
      >"$home/etcd$node.log" 2>&1 &
    pids[etcd$node]=$!
  done
}

signal() { for name in "${!pids[@]}"; do [[ $name != $2* ]] || kill -"$1" "${pids[$name]}"; done; }

# load API ENDPOINTS CONNECTIONS GETS SECONDS -> JSON. Retries until the cluster has a leader.
load() {
  local tries
  for ((tries = 0; tries < 100; ++tries)); do
    if "$bin/raftly-load" --api "$1" --endpoints "$2" --leader --connections "$3" --gets "$4" --duration "$5" \
      --value-bytes "$value" --json - 2>"$home/load.err"; then
      return
    fi
    sleep 0.2
  done
  cat "$home/load.err" >&2
  return 1
}

# The leader of etcd's, as its gRPC API says.
their_leader() {
  local tries node
  for ((tries = 0; tries < 100; ++tries)); do
    for node in ${theirs//,/ }; do
      [[ $("$grpc" status "$node" 2>/dev/null) != *leader=1* ]] || { echo "$node"; return; }
    done
    sleep 0.1
  done
  echo "etcd has no leader" >&2
  return 1
}
# load_theirs CONNECTIONS GETS SECONDS -> JSON, as load.
load_theirs() {
  if [[ -z $grpc ]]; then
    load etcd "$theirs" "$@"
    return
  fi
  local kind=put
  [[ $2 == 0 ]] || kind=range
  "$grpc" "$kind" "$(their_leader)" "$1" "$3" "$value" |
    sed -n 's/.*ops=\([0-9.]*\) p50=\([0-9]*\) p99=\([0-9]*\) us err=\([0-9]*\).*/\1 \2 \3 \4/p' |
    awk -v kind="$kind"s '{ sub("range", "get", kind)
      printf "{\"%s\":{\"per_second\":%s,\"p50_ms\":%.3f,\"p99_ms\":%.3f},\"refused\":{},\"broken\":%d}\n", kind, $1, $2 / 1000, $3 / 1000, $4 }'
}

# A cluster that was stopped hears its election timeouts first: what it elects then is what is measured.
wake() {
  signal CONT "$1"
  sleep 1
}

# failures NAME JSON: one line where operations failed, for the rates count only those that succeeded.
failures() {
  local what
  what=$(sed 's/.*"refused":{\([^}]*\)},\(.*\)}/\1,\2/; s/"reconnects":[0-9]*//; s/"\([a-z_]*\)":0\b//g; s/,,*/, /g; s/^, //; s/, $//; s/"//g' <<<"$2")
  [[ -z $what ]] || echo "     $1 failed: $what"
}

# field JSON puts|gets NAME
field() { sed "s/.*\"$2\":{\([^}]*\)}.*/\1/; s/.*\"$3\":\([0-9.]*\).*/\1/" <<<"$1"; }
keep() { [[ -z $json ]] || echo "{\"server\":\"$1\",$(cut -c2- <<<"$2")" >>"$json"; }

has_etcd=
start_ours
if command -v etcd >/dev/null; then
  has_etcd=1
  start_theirs
  load_theirs 1 0 1 >/dev/null
  echo "$(etcd --version | head -n 1), asked through its $([[ -n $grpc ]] && echo 'gRPC API' || echo 'JSON gateway')"
  signal STOP etcd
else
  echo 'etcd is not measured: it is not installed (apt-get install --no-install-recommends etcd-server).'
fi
load raftly "$ours" 1 0 0.5 >/dev/null

printf '%-4s %5s | %10s %9s %9s' '' conns 'raftly/s' 'p50 ms' 'p99 ms'
[[ -z $has_etcd ]] || printf ' | %10s %9s %9s | %7s %7s' 'etcd/s' 'p50 ms' 'p99 ms' 'rate x' 'p99 x'
echo
for gets in 0 100; do
  kind=$([[ $gets == 0 ]] && echo puts || echo gets)
  for n in $connections; do
    mine=$(load raftly "$ours" "$n" "$gets" "$seconds")
    keep raftly "$mine"
    printf '%-4s %5s | %10s %9s %9s' "${kind%s}" "$n" "$(field "$mine" $kind per_second)" "$(field "$mine" $kind p50_ms)" \
      "$(field "$mine" $kind p99_ms)"
    if [[ -n $has_etcd ]]; then
      signal STOP node
      wake etcd
      other=$(load_theirs "$n" "$gets" "$seconds")
      signal STOP etcd
      wake node
      keep etcd "$other"
      printf ' | %10s %9s %9s | %7s %7s' "$(field "$other" $kind per_second)" "$(field "$other" $kind p50_ms)" \
        "$(field "$other" $kind p99_ms)" \
        "$(awk "BEGIN { printf \"%.2f\", $(field "$mine" $kind per_second) / $(field "$other" $kind per_second) }")" \
        "$(awk "BEGIN { printf \"%.2f\", $(field "$mine" $kind p99_ms) / $(field "$other" $kind p99_ms) }")"
    fi
    echo
    failures raftly "$mine"
    [[ -z $has_etcd ]] || failures etcd "$other"
    [[ $kind/$n != puts/64 ]] || at_64=$(field "$mine" puts per_second)
  done
done

signal STOP node
"$bin/raftly-trivial-http" $((base + 50)) & pids[trivial]=$!
for ((tries = 0; tries < 50; ++tries)); do
  if trivial=$("$bin/raftly-load" --endpoints "127.0.0.1:$((base + 50))" --connections 64 --duration "$seconds" \
    --value-bytes "$value" --json - 2>/dev/null); then break; fi
  sleep 0.1
done
keep trivial "$trivial"
ceiling=$(field "$trivial" puts per_second)
echo "a trivial HTTP server, put, 64 connections: $ceiling/s" \
  "${at_64:+(raftly: $(awk "BEGIN { printf \"%.2f\", ${at_64:-0} / $ceiling }") of it)}"
failures trivial "$trivial"

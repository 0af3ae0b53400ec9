# Three servers on this machine, for scripts to source: node1 to node3, HTTP on ports base+1 to base+3, gRPC on base+11 to
# base+13. Who sources it sets bin, base and home (for data and logs), and may set flags, given to each server.
declare -A pids
flags=()

# start NODE [FLAGS...]
start() {
  local node=$1 other peers= http=
  shift
  for other in 1 2 3; do
    http+=",node$other=127.0.0.1:$((base + other))"
    [[ $other == "$node" ]] || peers+=",node$other=127.0.0.1:$((base + 10 + other))"
  done
  "$bin/raftly-server" -id "node$node" -grpc-addr "127.0.0.1:$((base + 10 + node))" \
    -http-addr "127.0.0.1:$((base + node))" -data-dir "$home/node$node" -peers "${peers#,}" -http-peers "${http#,}" \
    "${flags[@]}" "$@" 2>>"$home/node$node.log" &
  pids[$node]=$!
  disown
}

# Resolves when the process is gone.
kill_node() {
  kill -KILL "${pids[$1]}"
  while kill -0 "${pids[$1]}" 2>/dev/null; do sleep 0.01; done
}

stop_all() {
  for pid in "${pids[@]}"; do kill -KILL "$pid"; done 2>/dev/null || true
  wait 2>/dev/null || true
}

url() { echo "http://127.0.0.1:$((base + $1))"; }
endpoints() { echo "127.0.0.1:$((base + 1)),127.0.0.1:$((base + 2)),127.0.0.1:$((base + 3))"; }
ready() { [[ $(curl -s -o /dev/null -w '%{http_code}' -m 5 "$(url "$1")/readyz") == 200 ]]; }
# resident NODE: KiB; 0 where it does not run.
resident() { awk '/^VmRSS/ { print $2 }' "/proc/${pids[$1]}/status" 2>/dev/null || echo 0; }

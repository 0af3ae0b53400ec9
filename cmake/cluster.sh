#!/bin/bash
# A local cluster in the foreground: cluster.sh <nodes> <data directory> <host> [1: with TLS and tokens]. Ctrl-C (or
# SIGTERM) stops it.
#
# node1 listens on gRPC 7001 and HTTP 8001, node2 on 7002 and 8002, and so on. Each log line names its node.
set -uo pipefail
cd "$(dirname "$0")/.."

nodes=$1 data=$2 host=$3 tls=${4:-}
server=build/release/bin/raftly-server
[[ $nodes =~ ^[1-9]$ ]] || { echo "NODES=$nodes: a number from 1 to 9 is needed" >&2; exit 1; }
[[ -x $server ]] || { echo "$server is missing: run make build" >&2; exit 1; }

taken=0
for ((i = 1; i <= nodes; i++)); do
  for port in $((7000 + i)) $((8000 + i)); do
    if (exec 3<>"/dev/tcp/${host:-127.0.0.1}/$port") 2>/dev/null; then
      echo "port $port is taken: another program (another cluster?) listens there" >&2
      taken=1
    fi
  done
done
((taken == 0)) || exit 1

http_peers=()
for ((i = 1; i <= nodes; i++)); do http_peers+=("node$i=$host:$((8000 + i))"); done
join() { local IFS=,; echo "$*"; }

secrets=$data/tls
if [[ -n $tls ]]; then
  names=()
  for ((i = 1; i <= nodes; i++)); do names+=("node$i"); done
  cmake/certificates.sh "$secrets" "$PWD/$server" "${names[@]}" || exit 1
fi

declare -A name_of=()      # by process id
declare -A command_of=()   # by name
stopping=0
stop() {
  ((stopping == 0)) || return 0
  stopping=1
  echo
  echo 'stopping ...'
  ((${#name_of[@]} == 0)) || kill -TERM "${!name_of[@]}" 2>/dev/null
}
trap stop INT TERM HUP

for ((i = 1; i <= nodes; i++)); do
  peers=()
  for ((j = 1; j <= nodes; j++)); do ((j == i)) || peers+=("node$j=$host:$((7000 + j))"); done
  flags=(-id "node$i" -grpc-addr "$host:$((7000 + i))" -http-addr "$host:$((8000 + i))" -data-dir "$data/node$i"
         -http-peers "$(join "${http_peers[@]}")")
  ((nodes == 1)) || flags+=(-peers "$(join "${peers[@]}")")
  if [[ -n $tls ]]; then
    own=("$secrets/node$i.crt" "$secrets/node$i.key")
    flags+=(-tls-cert "${own[0]}" -tls-key "${own[1]}" -tls-ca "$secrets/ca.crt" -http-tls-cert "${own[0]}"
            -http-tls-key "${own[1]}" -tokens "$secrets/tokens.json")
  fi
  command_of[node$i]="$server ${flags[*]}"
  # In a session of its own, so that Ctrl-C reaches it once and through us: a second signal would not let it finish.
  setsid "$server" "${flags[@]}" 2>&1 &
  name_of[$!]=node$i
done

if [[ -n $tls ]]; then
  cat <<END

$nodes node(s) with TLS and tokens: gRPC 7001-$((7000 + nodes)), HTTPS 8001-$((8000 + nodes)), data in $data/,
certificates and tokens in $secrets/. Ctrl-C stops all of them.

  curl --cacert $secrets/ca.crt -H "Authorization: Bearer \$(cat $secrets/write.token)" \\
       -X PUT https://localhost:8001/keys/hello -d '{"value":"world"}'
  curl --cacert $secrets/ca.crt -H "Authorization: Bearer \$(cat $secrets/read.token)" https://localhost:8001/keys/hello
  bin/raftly-client -ca $secrets/ca.crt -token-file $secrets/read.token https://localhost:8001 get hello

  open https://localhost:8001   the dashboard; it asks for a token ($secrets/all.token), and the browser has to be told of $secrets/ca.crt
END
else
  cat <<END

$nodes node(s): gRPC 7001-$((7000 + nodes)), HTTP 8001-$((8000 + nodes)), data in $data/. Ctrl-C stops all of them.

  open http://localhost:8001   the dashboard, the same on every node

  curl -X PUT localhost:8001/keys/hello -d '{"value":"world"}'
  curl localhost:$((8000 + nodes))/keys/hello
  curl localhost:8001/status
  bin/raftly-client localhost:8001 get hello

To kill the leader, ask /status who it is, then: kill -9 PID
END
fi
for pid in "${!name_of[@]}"; do echo "  ${name_of[$pid]}: pid $pid"; done | sort
echo

result=0
while ((${#name_of[@]})); do
  { wait -n -p gone "${!name_of[@]}"; status=$?; } 2>/dev/null
  # A trapped signal interrupts wait before anybody is gone.
  [[ -n ${gone:-} && -n ${name_of[$gone]:-} ]] || continue
  name=${name_of[$gone]}
  unset "name_of[$gone]"
  if ((stopping == 0)); then
    ((${#name_of[@]})) || result=1
    echo "$name (pid $gone) has exited by itself, status $status; ${#name_of[@]} node(s) still run. To start it again:"
    echo "  ${command_of[$name]}"
  elif ((status != 0)); then
    result=1
    echo "$name stopped with status $status"
  fi
done
((stopping == 0)) || { ((result != 0)) || echo 'all stopped'; }
exit $result

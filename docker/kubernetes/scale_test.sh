#!/bin/bash
# pod.sh with processes for pods: [TLS=1] scale_test.sh [DIRECTORY OF raftly-server]. What it would ask of Kubernetes,
# scale_test.py answers. Containers, names, probes and permissions are not tested here.
set -euo pipefail
cd "$(dirname "$0")"
PATH=$(realpath "${1:-../../build/release/bin}"):$PATH
command -v raftly-server curl python3 >/dev/null || { echo 'raftly-server, curl and python3 are needed' >&2; exit 1; }

base=${RAFTLY_TEST_PORTS:-27400}
api=$base service=$((base + 1)) http=$((base + 10)) grpc=$((base + 20))
home=$(mktemp -d)
mkdir "$home/account" "$home/kubernetes"
echo account >"$home/account/token"
declare -A pods=()
scheme=http as=()
if [[ -n ${TLS:-} ]]; then
  scheme=https tls=$home/tls
  ../../cmake/certificates.sh "$tls" "$(command -v raftly-server)" raftly-{0..4}
  mapfile -t made < <(raftly-server -new-token pods read,operate)
  echo "${made[0]}" >"$tls/pods.token"
  python3 -c 'import json, sys; t = json.load(open(sys.argv[1])); json.dump(t + [json.loads(sys.argv[2])], open(sys.argv[1], "w"))' \
    "$tls/tokens.json" "${made[1]}"
  as=(--cacert "$tls/ca.crt" -H "Authorization: Bearer $(<"$tls/all.token")")
fi

finish() {
  local code=$?
  ((code == 0)) || tail -n 15 "$home"/*.log
  kill -9 "${pods[@]}" "$kubernetes" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$home"
  exit "$code"
}
trap finish EXIT
python3 scale_test.py "$home/kubernetes" "$api" "$service" "$http" "$scheme" >"$home/kubernetes.log" 2>&1 &
kubernetes=$!

# ---- verbs -------------------------------------------------------------------------------------------------------------

pod() {  # COMMAND ORDINAL
  if [[ $scheme == https ]]; then
    export CA=$tls/ca.crt TOKEN=$tls/pods.token
    export FLAGS="-tls-cert=$tls/raftly-$2.crt -tls-key=$tls/raftly-$2.key -tls-ca=$CA
      -http-tls-cert=$tls/raftly-$2.crt -http-tls-key=$tls/raftly-$2.key -tokens=$tls/tokens.json"
  fi
  ID=raftly-$2 NAMESPACE=default DATA=$home/raftly-$2 ACCOUNT=$home/account KUBERNETES=http://127.0.0.1:$api \
    JOIN=$scheme://127.0.0.1:$service GRPC=127.0.0.1:$((grpc / 10))@ HTTP=127.0.0.1:$((http / 10))@ \
    LISTEN_GRPC=127.0.0.1:$((grpc + $2)) LISTEN_HTTP=127.0.0.1:$((http + $2)) exec ./pod.sh "$1"
}
begin_pod() {  # ORDINAL
  mkdir -p "$home/raftly-$1"
  (pod start "$1") >>"$home/raftly-$1.log" 2>&1 &
  pods[$1]=$!
}
end_pod() {  # ORDINAL: as Kubernetes ends one, the hook first
  (pod stop "$1") >>"$home/raftly-$1.log" 2>&1
  kill "${pods[$1]}" && wait "${pods[$1]}"
  unset "pods[$1]"
}
crash() { kill -9 "${pods[$1]}" && wait "${pods[$1]}" 2>/dev/null || unset "pods[$1]"; }
scale() { echo "$1" >"$home/kubernetes/replicas"; }
ask() { curl -s --max-time 10 "${as[@]}" "$scheme://127.0.0.1:$((http + $1))$2" "${@:3}"; }

# ---- what is awaited ---------------------------------------------------------------------------------------------------

members() {
  ask "$1" /api/cluster/members | python3 -c '
import json, sys
known = json.load(sys.stdin)
print("joint" if known["joint"] else " ".join(m["id"][7:] + m["role"].replace("voter", "") for m in known["members"]))'
}
has_members() { [[ $(members "$1" 2>&1) == "$2" ]]; }  # ASKED "ORDINALS"
is_ready() { ask "$1" /readyz -f -o /dev/null; }
logged() { grep -q "$2" "$home/raftly-$1.log"; }
await() {
  local deadline=$((SECONDS + 60))
  until "$@"; do
    ((SECONDS < deadline)) || { echo "in vain for a minute: $*" >&2; exit 1; }
    sleep 0.1
  done
}
holds() { [[ $(ask "$1" /keys/kept) == *'"value":"true"'* ]]; }

# ---- the life of a set -------------------------------------------------------------------------------------------------

await grep -qs serving "$home/kubernetes.log"

echo 'pod 0 begins nothing while Kubernetes does not answer'
begin_pod 0
await logged 0 'does not say whether there is a cluster'
[[ ! -e $home/raftly-0/identity && ! -e $home/raftly-0/begins ]]

echo 'three pods at once become one cluster'
scale 3
for i in 2 1 0; do begin_pod $i; done
await has_members 0 '0 1 2'
ask 1 /keys/kept -f -X PUT -d '{"value":"true"}' >/dev/null

echo 'from 3 to 5'
scale 5
begin_pod 4
begin_pod 3
await has_members 4 '0 1 2 3 4'

echo 'a rolling restart changes no member'
for i in 4 3 2 1 0; do
  end_pod $i
  begin_pod $i
  await is_ready $i
done
await has_members 0 '0 1 2 3 4'

echo 'nor does an end that Kubernetes says nothing about'
rm "$home/kubernetes/replicas"
end_pod 2
begin_pod 2
scale 5
await is_ready 2
has_members 2 '0 1 2 3 4'

echo 'from 5 to 2, all that go at once, the leader too'
ask 0 /api/cluster/leader -f -X POST -d '{"id":"raftly-4"}' >/dev/null
scale 2
ends=()
for i in 4 3 2; do
  (pod stop $i) >>"$home/raftly-$i.log" 2>&1 &
  ends+=($!)
done
wait "${ends[@]}"
for i in 4 3 2; do kill "${pods[$i]}" && wait "${pods[$i]}" && unset "pods[$i]"; done
await has_members 0 '0 1'
await holds 1

echo 'up again, with the volumes that were left'
scale 3
begin_pod 2
await has_members 2 '0 1 2'
await holds 2

echo 'a lost volume is replaced under its id'
before=$(ask 0 /api/cluster/members | grep -o '"id":"raftly-1"[^}]*"incarnation":"[^"]*"')
crash 1
rm -rf "$home/raftly-1"
begin_pod 1
await is_ready 1
await has_members 1 '0 1 2'
logged 1 'it was lost'
[[ $(ask 0 /api/cluster/members | grep -o '"id":"raftly-1"[^}]*"incarnation":"[^"]*"') != "$before" ]]

echo 'that of pod 0 too: it begins no second cluster'
crash 0
rm -rf "$home/raftly-0"
begin_pod 0
await is_ready 0
await has_members 0 '0 1 2'
await holds 0
[[ ! -e $home/raftly-0/begins ]]

echo 'also where no other pod answers'
for i in 0 1 2; do crash $i; done
rm -rf "$home/raftly-0"
begin_pod 0
await logged 0 'waiting for a cluster'
[[ ! -e $home/raftly-0/identity && ! -e $home/raftly-0/begins ]]
begin_pod 1
begin_pod 2
await is_ready 0
await has_members 0 '0 1 2'
await holds 0

echo 'a set that rests (0) keeps its members'
scale 0
for i in 2 1 0; do end_pod $i; done
scale 3
for i in 0 1 2; do begin_pod $i; done
await is_ready 0
has_members 0 '0 1 2'
await holds 2

echo 'down to one, and pod 0 is the last'
scale 1
end_pod 2
end_pod 1
await has_members 0 0
await holds 0
echo 'all as it should be'

#!/bin/bash
# One pod of the StatefulSet: "pod.sh start" is its command, "pod.sh stop" its preStop hook. raftly.yaml says which
# variables it has, README.md beside that folder why it decides as it does.
#
# In GRPC and HTTP, the addresses under which pods reach each other, "@" stands for the ordinal of the pod meant.
set -euo pipefail

set_name=${ID%-*} ordinal=${ID##*-}
say() { echo "$(date -u +%FT%TZ) $ID: $*" >&2; }

# METHOD PATH [JSON], of the cluster: prints what it answers; 22 is an answer of 400 or above.
cluster() {
  local options=(-sS --max-time 10 --fail-with-body -X "$1") token=
  [[ -z ${CA:-} ]] || options+=(--cacert "$CA")
  [[ -z ${TOKEN:-} ]] || token="Authorization: Bearer $(<"$TOKEN")"
  [[ $# -lt 3 ]] || options+=(-H 'Content-Type: application/json' -d "$3")
  curl "${options[@]}" -H @- "$JOIN$2" <<<"$token" 2>&1
}

# METHOD PATH [JSON], of Kubernetes, below what this namespace has.
kubernetes() {
  local options=(-sS --max-time 10 --fail -X "$1")
  [[ ! -e $ACCOUNT/ca.crt ]] || options+=(--cacert "$ACCOUNT/ca.crt")
  [[ $# -lt 3 ]] || options+=(-H 'Content-Type: application/merge-patch+json' -d "$3")
  curl "${options[@]}" -H @- "$KUBERNETES$2" <<<"Authorization: Bearer $(<"$ACCOUNT/token")"
}
of_namespace() { echo "/$1/namespaces/$NAMESPACE/$2"; }

# Retries what passes: another change under way, no leader, no quorum at the moment.
insist() {
  local what=$1 answer said=
  shift
  until answer=$(cluster "$@"); do
    [[ $answer == "$said" ]] || say "$what: $answer"
    said=$answer
    sleep 1
  done
  say "$what: done"
}

# What the cluster says of its members, or why it does not. Without a cluster's id that is a node that is in none.
members() {
  local answer status=0
  answer=$(cluster GET /api/cluster/members) || status=$?
  echo "$answer"
  ((status == 0)) && [[ $answer =~ \"cluster_id\":\"[0-9a-f] ]]
}
lists_us() { [[ $1 == *"\"id\":\"$ID\""* ]]; }

# ---- start -------------------------------------------------------------------------------------------------------------

# Whether a cluster was ever begun here, is written down outside of all volumes: who has lost its own cannot tell an
# unreachable cluster from one that never was, and two would divide the others between them.
marker=$(of_namespace api/v1 "configmaps/$set_name-cluster")
begun() {
  local answer
  answer=$(kubernetes GET "$marker") || { say 'Kubernetes does not say whether there is a cluster already'; exit 1; }
  [[ $answer =~ \"begun\":\ *\" ]]
}

# The volume says so first: where the pod dies between the two, this volume begins the cluster at the next try.
begin() {
  touch "$DATA/begins"
  sync "$DATA/begins" "$DATA"
  kubernetes PATCH "$marker" "{\"data\":{\"begun\":\"by $ID at $(date -u +%FT%TZ)\"}}" >/dev/null
  say 'this volume begins the cluster'
}

# Under the names of the pods, for their addresses change. Whoever is listed but has nothing on its disk has lost it,
# and is another node under the old id.
enrol() {
  local ours answer said=
  ours="{\"id\":\"$ID\",\"grpc\":\"${GRPC//@/$ordinal}\",\"http\":\"${HTTP//@/$ordinal}\"}"
  until answer=$(members); do
    # With a log of its own it is wanted: the others may be waiting for its vote.
    [[ ! -e $DATA/identity ]] || return 0
    [[ $answer == "$said" ]] || say "waiting for a cluster at $JOIN: $answer"
    said=$answer
    sleep 1
  done
  if ! lists_us "$answer"; then
    insist 'joining' POST /api/cluster/members "$ours"
  elif [[ ! -e $DATA/identity ]]; then
    say 'the cluster knows this node, and its volume is empty: it was lost'
    insist 'being replaced' POST "/api/cluster/members/$ID/replace" "$ours"
  fi
}

start() {
  local mode=(-join="$JOIN" ${TOKEN:+-join-token-file="$TOKEN"})
  if [[ ! -e $DATA/identity && ! -e $DATA/begins && $ordinal == 0 ]] && ! members >/dev/null && ! begun; then begin; fi
  if [[ -e $DATA/begins ]]; then mode=(); else enrol; fi
  # shellcheck disable=SC2086  # flags are words
  exec raftly-server -id="$ID" -grpc-addr="${LISTEN_GRPC:-:7001}" -http-addr="${LISTEN_HTTP:-:8001}" -data-dir="$DATA" \
    -http-peers="$ID=${HTTP//@/$ordinal}" -allowed-hosts="${HOSTS:-}" -election-timeout=500 -heartbeat=100 \
    ${FLAGS:-} "${mode[@]}"
}

# ---- stop --------------------------------------------------------------------------------------------------------------

# How many pods there are to be; nothing where Kubernetes does not tell, or where all are to rest (0, which it leaves out).
replicas() {
  local answer
  answer=$(kubernetes GET "$(of_namespace apis/apps/v1 "statefulsets/$set_name/scale")" | tr -d ' \n') || return 0
  [[ ! $answer =~ \"spec\":\{\"replicas\":([0-9]+)\} ]] || echo "${BASH_REMATCH[1]}"
}

# Out of the members before SIGTERM, and until the cluster has gone over to those that stay: before that this node's vote
# may be needed.
stop() {
  local wanted answer
  wanted=$(replicas)
  [[ -n $wanted && $wanted -gt 0 && $ordinal -ge $wanted ]] || { say "stays a member (replicas: ${wanted:-unknown})"; return; }
  say "leaves: there are to be $wanted"
  until answer=$(members) && ! lists_us "$answer"; do
    [[ $answer == *'"joint":true'* ]] || cluster DELETE "/api/cluster/members/$ID" >/dev/null || true
    sleep 0.5
  done
  say 'is no member any more'
}

case ${1:-} in
  start | stop) "$1" ;;
  *) echo 'usage: pod.sh start | stop' >&2; exit 2 ;;
esac

#!/bin/bash
# An authority, a certificate for each node, and a token for each role: certificates.sh DIRECTORY SERVER-BINARY NODE...
#
# For a cluster on this machine: the certificates are good for localhost, 127.0.0.1 and ::1, between nodes and for clients.
# What is there already stays.
set -euo pipefail
directory=$1 server=$(realpath "$2")
shift 2
umask 077
mkdir -p "$directory"
cd "$directory"

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
if [[ ! -e ca.crt ]]; then
  key ca.key
  openssl req -x509 -new -key ca.key -sha256 -days 3650 -subj '/CN=raftly authority' -out ca.crt
fi
for node in "$@"; do
  [[ ! -e $node.crt ]] || continue
  key "$node.key"
  openssl req -new -key "$node.key" -subj "/CN=$node" -out "$node.csr"
  openssl x509 -req -in "$node.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 -days 825 -out "$node.crt" 2>/dev/null \
    -extfile <(echo "subjectAltName=URI:raftly:$node,DNS:$node,DNS:localhost,IP:127.0.0.1,IP:::1"
               echo 'extendedKeyUsage=serverAuth,clientAuth')
  rm "$node.csr"
done
if [[ ! -e tokens.json ]]; then
  lines=()
  for role in read write operate chaos read,write,operate,chaos; do
    name=${role/*,*/all}
    mapfile -t made < <("$server" -new-token "$name" "$role")
    echo "${made[0]}" >"$name.token"
    lines+=("${made[1]}")
  done
  (IFS=,; echo "[${lines[*]}]") >tokens.json
fi

#!/bin/bash
# The image and the compose cluster: docker.sh build | up | down | logs [service ...]
#
# "up" builds the image where there is none, starts everything and waits until the cluster has a leader. "down" keeps
# the volumes; docker/README.md says how to drop them. Another Debian 12 base: RAFTLY_BASE=my-registry/debian:12-slim
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { echo 'usage: docker.sh build | up | down | logs [service ...]' >&2; exit 2; }

command -v docker >/dev/null || { echo 'docker is missing; on Debian: apt-get install docker.io docker-compose' >&2; exit 1; }
docker info >/dev/null 2>&1 || { echo 'the Docker daemon does not answer: is it running, and may you use it?' >&2; exit 1; }

compose() {
  if docker compose version >/dev/null 2>&1; then
    docker compose -f docker/docker-compose.yml "$@"
  elif command -v docker-compose >/dev/null; then
    docker-compose -f docker/docker-compose.yml "$@"
  else
    echo 'Docker Compose is missing; on Debian: apt-get install docker-compose' >&2
    exit 1
  fi
}

# The context is packed here because the classic builder would send build/ along.
build() {
  local version revision excluded=()
  version=$(sed -n 's/^project(raftly VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
  while read -r path; do excluded+=("--exclude=./$path"); done < <(grep -v '^#' docker/Dockerfile.dockerignore)
  tar "${excluded[@]}" -c . | docker build -f docker/Dockerfile -t "raftly:$version" -t raftly:latest \
    --build-arg "BASE=${RAFTLY_BASE:-debian:12-slim}" --build-arg "JOBS=${JOBS:-}" \
    --build-arg "VERSION=$version" --build-arg "REVISION=$revision" -
}

# The server asks itself: neither the image nor this machine needs curl.
await_leader() {
  local i
  for ((i = 0; i < 60; i++)); do
    if compose exec -T node1 raftly-server -health-check http://127.0.0.1:8001/readyz 2>/dev/null; then return 0; fi
    sleep 1
  done
  echo 'no leader after a minute: make docker-logs' >&2
  return 1
}

up() {
  docker image inspect "raftly:${RAFTLY_VERSION:-latest}" >/dev/null 2>&1 || build
  compose up -d "$@"
  await_leader
  cat <<END

Three nodes and their monitoring run.

  dashboard    http://localhost:8001    Prometheus   http://localhost:9090
  Grafana      http://localhost:3000    admin / admin

  curl -X PUT localhost:8002/keys/hello -d '{"value":"world"}'
  curl localhost:8003/keys/hello

make docker-logs follows their output, make docker-down stops them and keeps their data.
END
}

case ${1:-} in
  build) build ;;
  up) up "${@:2}" ;;
  down) compose down ;;
  logs) compose logs -f --tail=100 "${@:2}" ;;
  *) usage ;;
esac

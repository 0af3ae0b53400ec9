#!/bin/bash
# What can be checked of this folder without a cluster: syntax, and the alerting rules' tests. docker/check-queries.py
# checks the queries against real nodes. A check whose tool is missing is skipped, and named.
set -uo pipefail
cd "$(dirname "$0")"

passed=0 failed=0 skipped=0
check() {
  local what=$1 tool=$2 output
  shift 2
  if ! command -v "$tool" >/dev/null; then
    echo "skipped $what: $tool is missing"
    skipped=$((skipped + 1))
  elif output=$("$@" 2>&1); then
    echo "ok      $what"
    passed=$((passed + 1))
  else
    printf 'FAILED  %s\n%s\n' "$what" "$output"
    failed=$((failed + 1))
  fi
}

# The unit names a binary that is not installed here; nothing else may be said about it.
verify_unit() {
  local output
  output=$(systemd-analyze verify ./systemd/raftly@.service 2>&1 | grep -v 'raftly-server is not executable')
  [[ -z $output ]] || { echo "$output"; return 1; }
}

compose_config() {
  if docker compose version >/dev/null 2>&1; then docker compose "$@" config -q; else docker-compose "$@" config -q; fi
}

check 'Prometheus configuration' promtool promtool check config prometheus/prometheus.yml
check 'the same behind TLS'      promtool promtool check config --syntax-only prometheus/prometheus.secure.yml
check 'rules'                    promtool promtool check rules prometheus/rules.yml
check 'alerts fire and stay silent' promtool promtool test rules prometheus/rules_test.yml
check 'dashboard is JSON'        python3 python3 -m json.tool grafana/dashboards/raftly.json /dev/null
check 'compose file'             docker compose_config
check 'the same behind TLS'      docker compose_config -f docker-compose.yml -f docker-compose.secure.yml
check 'two more nodes'           docker compose_config -f docker-compose.yml -f docker-compose.more.yml
check 'secured manifests'        kubectl kubectl kustomize --load-restrictor=LoadRestrictionsNone kubernetes/secure -o /dev/null
check 'systemd unit'             systemd-analyze verify_unit
check 'manifests are YAML' python3 python3 -c '
import sys
try:
    import yaml
except ImportError:
    sys.exit("the Python package yaml is missing (python3-yaml)")
for name in sys.argv[1:]:
    for document in yaml.safe_load_all(open(name)):
        assert document["kind"] and document["metadata"]["name"], name
' kubernetes/raftly.yaml kubernetes/sim-job.yaml kubernetes/secure/certificates.yaml kubernetes/secure/nodes.yaml

# With processes for pods; where nothing is built, there is nothing to run.
export PATH=$PATH:$(realpath -m "${RAFTLY_BIN:-../build/release/bin}")
check 'pods join, leave, are replaced' raftly-server kubernetes/scale_test.sh "${RAFTLY_BIN:-../build/release/bin}"
check 'the same behind TLS and tokens' raftly-server env TLS=1 kubernetes/scale_test.sh "${RAFTLY_BIN:-../build/release/bin}"

echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))

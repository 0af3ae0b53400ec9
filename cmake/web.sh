#!/bin/bash
# The dashboard: builds web/dist, which is committed, and tests it.
#
#   web.sh build          what `make web` does: web/src -> web/dist
#   web.sh check          types, format, browser tests that do not wait, and whether web/dist is what web/src gives
#   web.sh format         formats the sources
#   web.sh test           component and reducer tests (Vitest)
#   web.sh e2e            the page in Chromium, against real clusters of build/release/bin/raftly-server
#   web.sh screenshots    docs/*.png, likewise
#
# The tests leave JUnit reports, web/reports/unit.xml and web/reports/e2e.xml, and end with "N passed, N failed".
# Without a Chromium, e2e and screenshots say so and are skipped. Node 18 or later.
set -euo pipefail
cd "$(dirname "$0")/../web"

needs_node() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo 'web.sh: node and npm are needed: apt-get install -y --no-install-recommends nodejs npm' >&2
    exit 1
  fi
  # npm ci is slow: only when the lock file is newer than what is installed.
  if [[ ! -e node_modules/.package-lock.json || package-lock.json -nt node_modules/.package-lock.json ]]; then
    npm ci --no-audit --no-fund --loglevel=error
  fi
}

# Says why the browser tests cannot be run, and ends well: nobody has to have a browser.
needs_browser() {
  for name in chromium chromium-browser google-chrome; do
    if chromium=$(command -v "$name"); then
      export RAFTLY_CHROMIUM=$chromium
      break
    fi
  done
  if [[ -z ${RAFTLY_CHROMIUM:-} ]]; then
    echo "web.sh $1: skipped, there is no Chromium here (apt-get install -y --no-install-recommends chromium)"
    exit 0
  fi
  if [[ ! -x ${RAFTLY_SERVER:-../build/release/bin/raftly-server} ]]; then
    echo "web.sh $1: build/release/bin/raftly-server is missing: run make build" >&2
    exit 1
  fi
}

# Runs Vitest with a report of the given name, and says in the end what came of it.
run_tests() {
  local report=reports/$1.xml status=0
  shift
  rm -f "$report"
  npx --no-install vitest run --reporter=default --reporter=junit --outputFile.junit="$PWD/$report" "$@" || status=$?
  node scripts/summary.mjs "$report" || status=1
  return $status
}

case ${1:-} in
  build)
    needs_node
    npm run --silent build
    ;;
  check)
    needs_node
    aside=$(mktemp -d)
    trap 'rm -rf "$aside"' EXIT
    npx --no-install tsc --noEmit
    npx --no-install tsc --noEmit -p e2e
    npx --no-install prettier --log-level warn --check . || { echo 'web.sh check: run cmake/web.sh format' >&2; exit 1; }
    npx --no-install vitest run --reporter=dot --project logic src/e2e.test.ts
    npx --no-install vite build --logLevel warn --outDir "$aside" --emptyOutDir
    npx --no-install vite build --mode lab --logLevel warn --outDir "$aside"
    if ! diff -rq dist "$aside"; then
      echo 'web.sh check: web/dist is not what web/src gives: run make web and commit it' >&2
      exit 1
    fi
    echo 'web/dist is what web/src gives'
    ;;
  format)
    needs_node
    npx --no-install prettier --log-level warn --write .
    ;;
  test)
    needs_node
    run_tests unit
    ;;
  e2e)
    needs_browser e2e
    needs_node
    run_tests e2e --config e2e/vitest.config.ts
    ;;
  screenshots)
    needs_browser screenshots
    needs_node
    npx --no-install vitest run --config e2e/screenshots.config.ts
    ;;
  *)
    echo 'usage: web.sh build|check|format|test|e2e|screenshots' >&2
    exit 2
    ;;
esac

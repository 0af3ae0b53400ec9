#!/bin/bash
# Runs the tests of one preset and ends with the line "N passed, N failed": test.sh <preset> <jobs> [ctest arguments].
#
# ctest starts one process per test binary; what is counted are the GoogleTest cases in the XML reports. A binary that
# fails without a failed case in its report (a crash, a timeout, a sanitizer at exit) counts as one failure. With the
# release preset the dashboard is tested too, in the same way; RAFTLY_WEB=0 leaves it out.
set -uo pipefail
cd "$(dirname "$0")/.."

preset=$1 build=build/$1 jobs=$2
shift 2
reports=$PWD/$build/test-reports
failures=$build/Testing/Temporary/LastTestsFailed.log
rm -rf "$reports" "$failures"

export GTEST_OUTPUT="xml:$reports/"
export TSAN_OPTIONS=${TSAN_OPTIONS:-ignore_noninstrumented_modules=1 halt_on_error=1}
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$PWD/cmake/lsan.supp:print_suppressions=0}
ctest --test-dir "$build" --parallel "$jobs" --output-on-failure --no-tests=error "$@"
status=$?

# Runs one group of the dashboard's tests (cmake/web.sh) and takes its report.
failed=0
web_tests() {
  rm -f "web/reports/$2.xml"
  cmake/web.sh "$1" || failed=$((failed + 1))
  [[ ! -e web/reports/$2.xml ]] || cp "web/reports/$2.xml" "$reports/web-$2.xml"
}
if [[ $preset == release && ${RAFTLY_WEB:-1} != 0 ]]; then
  if { command -v node && command -v npm; } >/dev/null || cmake/deps.sh web; then
    web_tests test unit
    # Clusters and a browser are for who asks for everything.
    (($# > 0)) || web_tests e2e e2e
  else
    echo 'The tests of the dashboard are skipped: they need nodejs, npm and chromium.'
  fi
fi

# The value of an attribute, summed over the elements <$2 …> of a report.
sum() {
  grep -o "<$2 [^>]*" "$1" | sed -n "s/.* $3=\"\([0-9]*\)\".*/\1/p" | awk '{ n += $1 } END { print n + 0 }'
}

passed=0 skipped=0
for report in "$reports"/*.xml; do
  [[ -e $report ]] || continue
  report_failed=$(($(sum "$report" testsuite failures) + $(sum "$report" testsuite errors)))
  report_skipped=$(($(sum "$report" testsuite skipped) + $(sum "$report" testsuite disabled)))
  passed=$((passed + $(sum "$report" testsuite tests) - report_failed - report_skipped))
  # A failed group of the dashboard's has been counted once already.
  ((report_failed == 0)) || [[ $report != */web-* ]] || failed=$((failed - 1))
  failed=$((failed + report_failed))
  skipped=$((skipped + report_skipped))
done
if [[ -e $failures ]]; then
  while IFS=: read -r _ name; do
    report=$reports/$name.xml
    if [[ ! -e $report ]] || (($(sum "$report" testsuite failures) == 0)); then failed=$((failed + 1)); fi
  done <"$failures"
fi
((status == 0 || failed > 0)) || failed=1
((passed > 0 || failed > 0)) || failed=1

line="$passed passed, $failed failed"
((skipped == 0)) || line+=", $skipped skipped"
echo "$line"
((failed == 0))

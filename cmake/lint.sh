#!/bin/bash
# Format, the dashboard (where there is Node), clang with -Wthread-safety, clang-tidy, style test: lint.sh <jobs>. Silent about what is fine.
set -euo pipefail
cd "$(dirname "$0")/.."

git ls-files --cached --others --exclude-standard '*.h' '*.cc' | xargs -r clang-format-14 --dry-run -Werror
echo 'format: ok'
if command -v npm >/dev/null; then cmake/web.sh check; fi
cmake/build.sh clang-tidy "$1"
echo 'clang-tidy and thread-safety analysis: ok'
build/clang-tidy/bin/style_test --gtest_brief=1
echo 'style: ok'

#!/bin/bash
# Configures and compiles one preset: build.sh <preset> <jobs>. What CMake says is shown only when it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=$1 jobs=$2
mkdir -p "build/$preset"
cmake --preset "$preset" >"build/$preset/configure.log" 2>&1 || { cat "build/$preset/configure.log" >&2; exit 1; }
cmake --build "build/$preset" --parallel "$jobs"

#!/bin/bash
# Installs the Debian 12 packages that a group of targets needs: deps.sh build|web|format|lint|fuzz ...
#
# apt is asked only when something is missing. Without root and without sudo it prints the line to run and fails.
set -euo pipefail

packages=()
for group in "$@"; do
  case $group in
    build)
      packages+=(g++ cmake ninja-build pkg-config zlib1g-dev libisal-dev libmimalloc-dev libabsl-dev libgrpc++-dev protobuf-compiler
                 protobuf-compiler-grpc libprotobuf-dev nlohmann-json3-dev libcpp-httplib-dev prometheus-cpp-dev
                 libgtest-dev libgmock-dev libbenchmark-dev libyaml-cpp-dev curl procps python3) ;;
    web) packages+=(nodejs npm chromium) ;;
    format) packages+=(clang-format-14) ;;
    fuzz) packages+=(clang-14 libclang-rt-14-dev) ;;
    lint) packages+=(clang-14 clang-tidy-14 clang-format-14) ;;
    *) echo "deps.sh: unknown group '$group'" >&2; exit 1 ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [[ $status == 'install ok installed' ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  # With a terminal sudo may ask for the password; without one it must not hang.
  if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
    as_root=(sudo)
  else
    echo "These Debian packages are missing. Please run, as root:" >&2
    echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
fi

echo "Installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
}
run apt-get -q update
run apt-get -q install -y --no-install-recommends "${missing[@]}"

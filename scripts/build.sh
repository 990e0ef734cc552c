#!/usr/bin/env bash
# Configures and builds: scripts/build.sh [release|debug|asan|tsan] [targets...]
# JOBS bounds the compilers that run at once (default: one per core).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:-release}
shift || true
started=$SECONDS
if ! output=$(cmake --preset "$preset" 2>&1); then
  echo "$output" >&2
  exit 1
fi
ninja -C "build/$preset" -j "${JOBS:-$(nproc)}" "$@"
echo "build: $preset in $((SECONDS - started)) s"

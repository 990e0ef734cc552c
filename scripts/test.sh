#!/usr/bin/env bash
# Sets up, builds and runs every test; ctest's own summary ends the output.
#   SLUICE_PRESETS="release asan"  the presets to build and test, in order (default: release)
#   SLUICE_TEST_JOBS=2             tests that run at once
# Arguments go to ctest: scripts/test.sh -R binding
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
for preset in ${SLUICE_PRESETS:-release}; do
  scripts/build.sh "$preset"
  # stdin is closed and the exit code is ctest's: no test asks, none fails unseen.
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error \
    --parallel "${SLUICE_TEST_JOBS:-2}" "$@" </dev/null
done

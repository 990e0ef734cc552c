#!/usr/bin/env bash
# Sets up, builds and runs every test; ctest's own summary ends the output.
#   SLUICE_PRESETS="release asan"  the presets to build and test, in order (default: release)
#   SLUICE_TEST_JOBS=3             tests that run at once; those on a broker wait most of their time
# Arguments go to ctest: scripts/test.sh -R binding
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Only a build under the sanitizer reads its options. What is suppressed, and why: the files.
suppressions=$PWD/scripts/sanitizers
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$suppressions/asan.supp:print_suppressions=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
# The longest history: a report whose other stack is lost cannot be told for a library's.
export TSAN_OPTIONS=${TSAN_OPTIONS:-suppressions=$suppressions/tsan.supp:history_size=7}

scripts/setup.sh
for preset in ${SLUICE_PRESETS:-release}; do
  scripts/build.sh "$preset"
  # stdin is closed and the exit code is ctest's: no test asks, none fails unseen.
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error \
    --parallel "${SLUICE_TEST_JOBS:-3}" "$@" </dev/null
done

#!/usr/bin/env bash
# Fails when a committed C++ file is not as clang-format 14 leaves it; --fix rewrites them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

formatter=$(command -v clang-format-14 || command -v clang-format)
mapfile -t files < <(git ls-files -- '*.h' '*.cc')
if [[ ${1:-} == --fix ]]; then
  "$formatter" -i "${files[@]}"
  exit 0
fi
"$formatter" --dry-run -Werror "${files[@]}"
echo "format: ${#files[@]} files are clean"

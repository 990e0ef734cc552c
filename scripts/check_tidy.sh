#!/usr/bin/env bash
# Runs the checks of .clang-tidy: scripts/check_tidy.sh [folders...]
# By default over the folders that hold the rules (events, machines), which keeps it within a few
# minutes on two cores; name others to have them looked at, too. Needs build/release configured and
# its generated headers, which scripts/build.sh leaves behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folders=("$@")
[[ $# -gt 0 ]] || folders=(events machines)
database=build/release
if [[ ! -f $database/compile_commands.json ]]; then
  echo "tidy: run scripts/build.sh first; $database/compile_commands.json is missing" >&2
  exit 2
fi

tidy=$(command -v clang-tidy-14 || command -v clang-tidy)
started=$SECONDS
# What the build compiles: the lists of its folders (SLUICE_UNITY), or each source by itself. Tests and
# generated sources are left out.
pattern=$(IFS='|'; echo "${folders[*]}")
mapfile -t files < <(
  grep -oP '"file": "\K[^"]+' "$database/compile_commands.json" |
    grep -E "^$PWD/(build/release/)?($pattern)/" | grep -vE '/tests?/|_test(ing)?\.dir/|/gen/|codegen' | sort -u
)
if [[ ${#files[@]} -eq 0 ]]; then
  echo "tidy: no sources under ${folders[*]}"
  exit 0
fi
# The flags are gcc's, and clang knows other warnings: those are the compiler's to judge, not tidy's.
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "${JOBS:-2}" "$tidy" -p "$database" --quiet --warnings-as-errors='*' \
    --extra-arg=-Wno-everything --header-filter="^$PWD/($pattern)/" 2> >(grep -vE '^[0-9]+ warnings? generated|^$' >&2 || true)
echo "tidy: ${#files[@]} files are clean in $((SECONDS - started)) s"

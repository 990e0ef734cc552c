#!/usr/bin/env bash
# The rules of our code that no tool knows. Exceptions are lines `rule path` of style_allow.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lines_max=400
failures=0

# fail RULE PATH MESSAGE
fail() {
  if ! grep -qxF "$1 $2" <(sed 's/ *#.*//' scripts/style_allow.txt); then
    echo "$2: $3 ($1)" >&2
    failures=$((failures + 1))
  fi
}

# forbid RULE PATTERN MESSAGE FILES...: none of the files has a line matching the pattern.
forbid() {
  local rule=$1 pattern=$2 message=$3 hit
  shift 3
  [[ $# -gt 0 ]] || return 0
  while IFS= read -r hit; do
    fail "$rule" "${hit%%:*}" "line $(cut -d: -f2 <<<"$hit"): $message"
  done < <(grep -nHE "$pattern" -- "$@" || true)
}

mapfile -t sources < <(git ls-files -- '*.h' '*.cc')
mapfile -t headers < <(git ls-files -- '*.h')
mapfile -t tests < <(git ls-files -- 'tests/*.cc' 'tests/*.h' '*/tests/*.cc' '*/tests/*.h')
mapfile -t machines < <(git ls-files -- 'machines/*.h' 'machines/*.cc' | grep -v '/tests/' || true)

if [[ ${#sources[@]} -gt 0 ]]; then
  while read -r count file; do
    if [[ $file != total && $count -gt $lines_max ]]; then
      fail file-length "$file" "$count lines; over $lines_max, ask what second thing it does"
    fi
  done < <(wc -l -- "${sources[@]}")
fi

for header in "${headers[@]}"; do
  if [[ $(grep -cx '#pragma once' "$header") -ne 1 ]]; then
    fail pragma-once "$header" "a header has #pragma once, once"
  fi
done

forbid relative-include '#include "\.\.?/' 'includes go from the repository root' "${sources[@]}"
forbid machine-includes \
  '#include <(rocksdb|librdkafka|boost|spdlog|random|thread|mutex|atomic|filesystem|fstream|iostream|ctime|unistd)' \
  'a machine is pure: no storage, no network, no threads, no files' "${machines[@]}"
forbid machine-inputs \
  '(system|steady|high_resolution)_clock|random_device|[^a-zA-Z_]s?rand\(|getenv\(|[^a-zA-Z_]time\((0|NULL|nullptr)\)' \
  'a machine reads no clock, no randomness, no environment' "${machines[@]}"
forbid machine-layer '#include "(engine|projections|replay|providers|service|cli)/' \
  'a machine links events only' "${machines[@]}"
forbid sleeping-test 'sleep_for|sleep_until|[^a-zA-Z_](u|nano)?sleep\(' \
  'tests wait for what happens, not for time' "${tests[@]}"
forbid todo '(TODO|FIXME)([^A-Z0-9_]|$)' 'finish it, or write an issue' "${sources[@]}"

if [[ $failures -gt 0 ]]; then
  echo "style: $failures failures" >&2
  exit 1
fi
echo "style: ${#sources[@]} files follow the rules"

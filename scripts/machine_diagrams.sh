#!/usr/bin/env bash
# Writes docs/machines/KIND.md, the transition table and diagram of every kind, from the tables the
# machines run by. With --check changes nothing and fails where a page is not what the build prints.
#   scripts/machine_diagrams.sh [--check] [BUILD_DIR]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

check=false
if [[ ${1:-} == --check ]]; then
  check=true
  shift
fi
sluice=${1:-build/release}/sluice

page() {
  local kind=$1
  printf '# %s\n\nWritten by `scripts/machine_diagrams.sh` from the table in `machines/`; do not edit.\n' "$kind"
  printf '\n```mermaid\n'
  "$sluice" machines "$kind" -o mermaid
  printf '```\n\n```\n'
  "$sluice" machines "$kind"
  printf '```\n'
}

mapfile -t kinds < <("$sluice" machines | grep -E '^[a-z]+$' | sort)
[[ ${#kinds[@]} -gt 0 ]] || { echo "machine_diagrams: $sluice prints no machines" >&2; exit 1; }
stale=0
mkdir -p docs/machines
for kind in "${kinds[@]}"; do
  file=docs/machines/$kind.md
  if [[ $check == true ]]; then
    if ! diff -u "$file" <(page "$kind"); then
      echo "machine_diagrams: $file is out of date; run scripts/machine_diagrams.sh" >&2
      stale=1
    fi
  else
    page "$kind" >"$file"
  fi
done
exit "$stale"

#!/usr/bin/env bash
# A rollout that gets stuck because a pool ran dry two entities away; docs/debugging.md solves it.
#   run.sh DATA [SLUICE]   starts a node on the new directory DATA, makes the incident happen and leaves the node up
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
data=$(realpath -m "${1:?a new directory for the data}")
sluice=$(realpath "${2:-$here/../../build/release/sluice}")
cd "$here"
[[ ! -e $data ]] || { echo "$data is there already" >&2; exit 2; }

"$sluice" up --data "$data" --partitions 2 &
node=$!
trap 'kill $node' ERR
until "$sluice" get location >/dev/null 2>&1; do
  kill -0 $node || exit 3  # It has said why.
  sleep 0.2
done
"$sluice" apply -f cluster.yaml
"$sluice" apply -f networks.yaml
"$sluice" apply -f web-v1.yaml
"$sluice" wait binding/web --for=condition=Ready --timeout 30s
"$sluice" apply -f batch.yaml
"$sluice" wait network/batch --for=condition=Ready --timeout 30s
"$sluice" apply -f web-v2.yaml
"$sluice" wait network/shop --for=condition=Ready --timeout 3s || echo "the rollout is stuck"
echo "the node is process $node"

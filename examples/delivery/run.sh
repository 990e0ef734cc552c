#!/usr/bin/env bash
# Shows the delivery plane for real: a pull request goes through the label workflow at a stand-in of GitHub's API (HTTPS,
# webhooks), is merged, and is watched in two clusters kept in files; drift is made by hand, seen, and repaired.
#   --build-dir DIR  use what is built there, instead of setting up and building build/release
# Ends with exit 0 and nothing left behind; anything unexpected ends it with 1.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"

# start NAME COMMAND...: in the background; goes on once it says that it is ready.
start() {
  local name=$1
  shift
  in_background "$name" "$@"
  until_true 30 "$name to be ready" grep -q ready "$work/$name.log"
  say "$(grep -m1 ready "$work/$name.log")"
}

# What a person does in the browser. Certificates of the stand-in are made when it starts.
person() { curl -fsS --cacert "$work/tls/ca.pem" "$api/_/$1" -d "$2" >/dev/null; }
labels() {
  curl -fsS --cacert "$work/tls/ca.pem" "$api/_/show" -d '{"repository":"acme/shop","number":42}' |
    jq -r '[.labels[].name] | join(", ")'
}
pull() { "$sluice" get pullrequest acme--shop--42 -o json | jq -r "$1"; }
monitor() { "$sluice" get driftmonitor "acme--shop--42-$1" -o json | jq -r "$2"; }
phase_is() { [[ $(pull .status.phase) == "$1" ]]; }
labels_are() { [[ $(labels) == "$1" ]]; }
monitor_is() { [[ $(monitor "$1" .status.phase) == "$2" ]]; }

title "A stand-in of GitHub, a node, and the two providers"
start github python3 tests/support/github_standin.py --dir "$work/tls"
api=$(sed -n 's/^ready //p' "$work/github.log")
export GITHUB_WEBHOOK_SECRET=example-secret
start node "$sluice" up --data "$work/data" --listen 127.0.0.1:0 --provider none
SLUICE_SERVER=$(grep -o 'http://[0-9.:]*' "$work/node.log")
export SLUICE_SERVER
mkdir -p "$work/clusters"
start provider env GITHUB_TOKEN=standin-token "$sluice" provider github --api-url "$api" \
  --ca-file "$work/tls/ca.pem"
start drift "$sluice" provider drift --dir "$work/clusters"
apply examples/delivery/settings.yaml

title "Pull request 42 is opened; nobody approved it yet"
person pull '{"repository":"acme/shop","number":42,"labels":["bug"],"checks":{"ci":"success"},
  "files":["deploy/web/us-1/app.yaml","deploy/web/eu-1/app.yaml"]}'
person webhook "{\"url\":\"$SLUICE_SERVER/webhooks/github\",\"secret\":\"$GITHUB_WEBHOOK_SECRET\"}"
apply examples/delivery/pull_request.yaml
until_true 20 "the label" labels_are "bug, sluice/discovered"
say "labels at GitHub: $(labels)"
say "Qualified=$(pull '.status.conditions[] | select(.type == "Qualified") | "\(.status): \(.message)"')"

title "Ann approves: it qualifies and is merged, label by label"
person review '{"repository":"acme/shop","number":42,"user":"ann","state":"APPROVED"}'
until_true 30 "the merge" labels_are "bug, sluice/merged"
until_true 10 "the merge here" phase_is Merged
say "labels at GitHub: $(labels)"
revision=$(pull .status.mergeSha)
say "merged as $revision; watched by $(pull '.status.driftMonitors | join(", ")')"

title "What rolls out writes the clusters' files"
for cluster in us-1 eu-1; do
  mkdir -p "$work/clusters/$cluster"/{manifests,live}
  printf 'kind: Deployment\nspec: {replicas: 3}\n' >"$work/clusters/$cluster/manifests/app.yaml"
  cp "$work/clusters/$cluster/manifests/app.yaml" "$work/clusters/$cluster/live/"
  echo "$revision" >"$work/clusters/$cluster/revision"
done
until_true 20 "us-1 to be in sync" monitor_is us-1 Synced
until_true 20 "eu-1 to be in sync" monitor_is eu-1 Synced
"$sluice" get driftmonitor | indented

title "Somebody scales eu-1 by hand"
sed -i 's/replicas: 3/replicas: 5/' "$work/clusters/eu-1/live/app.yaml"
until_true 20 "the drift" monitor_is eu-1 Drifted
say "eu-1: $(monitor eu-1 '.status.differences[] | "\(.path): want \(.want), got \(.got)"')"
drift_shows() {
  [[ $(pull '.status.conditions[] | select(.type == "Drifted") | "\(.status) \(.message)"') == "True eu-1" ]]
}
until_true 10 "the drift to show on the pull request" drift_shows
[[ $(monitor us-1 .status.phase) == Synced ]] || fail "us-1 is not in sync any more"

title "It is repaired"
cp "$work/clusters/eu-1/manifests/app.yaml" "$work/clusters/eu-1/live/app.yaml"
until_true 20 "the repair" monitor_is eu-1 Synced
[[ $(monitor eu-1 .status.driftCount) == 1 ]] || fail "one drift was not counted once"
"$sluice" get driftmonitor | indented

title "Is everything as GitHub has it? sluice send EnsureConsistency"
"$sluice" send '{"entity":"pullrequest/default/acme--shop--42","command":"EnsureConsistency"}' >/dev/null
is_consistent() { [[ $(pull .status.lastConsistency.consistent) == true ]]; }
until_true 20 "the answer" is_consistent
say "$(pull '.status.lastConsistency | "consistent: \(.consistent)"')"

title "How it came about: sluice history pullrequest/acme--shop--42"
"$sluice" history pullrequest/acme--shop--42

title "Taking it all away"
"$sluice" delete pullrequest/acme--shop--42 --wait | indented
[[ -z $("$sluice" get driftmonitor -o json | jq -r '.items[]?.metadata.name') ]] || fail "a monitor is left"
say "its monitors went with it; labels at GitHub stay: $(labels)"
printf '\ndelivery: done in %d s\n' "$SECONDS"

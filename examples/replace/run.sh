#!/usr/bin/env bash
# Replaces running instances: one behind a binding, which rolls, and one that nobody owns, which gets
# a successor of its own. Shows keys that are replayed and keys that are refused. Ends by itself.
#   --build-dir DIR  use what is built there, instead of setting up and building build/release
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../node.sh"

# replace INSTANCE KEY REVISION [REQUEST]: the HTTP status, then the body.
replace() {
  curl -s -o "$work/answer" -w '%{http_code} ' "$SLUICE_SERVER/replace/default/$1" -d "{
    \"targetRevision\": \"$3\", \"idempotencyKey\": \"$2\",
    \"replacement\": {\"principal\": {\"id\": \"ada\", \"type\": \"user\"}, \"request\": ${4:-{\}}}}"
  jq -c 'if .kind == "Status" then {reason, message} else . end' "$work/answer"
}
# expect STATUS TEXT: what replace printed must be.
expect() {
  local text=$2
  say "$text"
  [[ $text == "$1 "* ]] || fail "expected $1"
}
active() { "$sluice" get binding web -o json | jq -r '.status.activeInstanceRef | "\(.name) \(.revision)"'; }

title "A binding on revision v1, and an instance that nobody owns"
apply examples/replace/manifests.yaml
"$sluice" wait binding/web --for=phase=Ready --timeout=60s | indented
"$sluice" wait instance/lone --for=condition=Ready --timeout=60s | indented
first=$(active)
first=${first% *}
say "web is served by $first"

title "POST /replace to the instance behind the binding: the binding answers, and rolls"
expect 202 "$(replace "$first" key-1 v2)"
v2_serves() { [[ $(active) == *" v2" ]]; }
until_true 60 "v2 to serve" v2_serves
"$sluice" wait binding/web --for=phase=Ready --timeout=60s | indented
say "web is served by $(active)"
gone() { ! "$sluice" get instance "$first"; }
until_true 30 "$first to go" gone

title "resolve, with the target that is expected: a healthy wrong instance is still wrong"
"$sluice" resolve web --expect '{"presetId": "web"}' | indented
! "$sluice" resolve web --expect '{"presetId": "shop"}' >"$work/mismatch" || fail "the wrong target was taken"
grep -q TargetMismatch "$work/mismatch" || fail "no TargetMismatch"
indented <"$work/mismatch"

title "The same request again: $first is gone, its key is not"
answer=$(replace "$first" key-1 v2)
expect 200 "$answer"
[[ $answer == *'"replayed":true'* ]] || fail "not a replay"

title "The same key for something else is refused, and nothing rolls"
expect 409 "$(replace "$first" key-1 v3)"
v2_serves || fail "something rolled"

title "The lone instance gets exactly one successor"
expect 202 "$(replace lone key-1 v2 '{"namePrefix":"next"}')"
next=$(jq -r .replacement.name "$work/answer")
"$sluice" wait "instance/$next" --for=condition=Ready --timeout=60s | indented
"$sluice" get instance "$next" -o json | jq -c '.spec.lineage' | indented
"$sluice" delete instance/lone --wait | indented
expect 200 "$(replace lone key-1 v2 '{"namePrefix":"next"}')"
[[ $(jq -r .replacement.name "$work/answer") == "$next" ]] || fail "another successor"

title "What cannot be"
expect 400 "$(replace "$next" key-2 v3 '{"name":"'"$next"'"}')"
expect 404 "$(replace nobody key-1 v2)"

title "Taking it all away"
"$sluice" delete binding/web --wait | indented
"$sluice" delete "instance/$next" --wait | indented
printf '\nreplace: done in %d s\n' "$SECONDS"

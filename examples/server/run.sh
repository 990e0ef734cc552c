#!/usr/bin/env bash
# Shows the server plane on a simulated region: an instance that is a server, a server that vanishes and
# is replaced, two servers that claim one instance, a rebuild in place that fails and is repaired; and a pool
# that rolls to another image: one at a time, then with one more standing in, then one is evicted.
#   --build-dir DIR  use what is built there, instead of setting up and building build/release
# Ends with exit 0 and nothing left behind; anything unexpected ends it with 1.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"

instance() { "$sluice" get instance "$1" -o json | jq -r "$2"; }
server_of() { instance "$1" '.status.server.name // ""'; }
condition() { instance "$1" ".status.conditions[] | select(.type == \"$2\") | .status + \" \" + .reason"; }
has() { [[ $(condition "$1" "$2") == "$3" ]]; }
mapped() { [[ $("$sluice" get server "$1" -o json | jq -r '.status.conditions[0].reason') == "$2" ]]; }
region_do() { "$sluice" provider region-do --data "$work/region" "$1" | indented; }
ready() { "$sluice" wait "instance/$1" --for=condition=Ready --timeout=60s | indented; }
pool() { "$sluice" get deployment pool -o json | jq -r "$1"; }
members() { "$sluice" get instances -o json | jq -r '[.items[].metadata.name | select(startswith("pool-"))] | join(" ")'; }

# All members are ready on the template as it is now, and nothing is left to do.
settled() {
  [[ $(pool '[.status.observedGeneration == .metadata.generation, .status.readyReplicas == 3, .status.replicas == 3,
    .status.currentReplicas == 3] | all') == true ]]
}

# roll IMAGE MAX_UNAVAILABLE MAX_SURGE: rolls the pool and tells the bounds that every version of it kept.
roll() {
  "$sluice" get deployment pool -w -o json >"$work/watch-$1" 2>/dev/null &
  local watch_pid=$!
  pids+=("$watch_pid")
  until_true 10 "the watch" test -s "$work/watch-$1"
  sed "s/debian-12/$1/; s/maxUnavailable: 1/maxUnavailable: $2/; s/maxSurge: 0/maxSurge: $3/" examples/server/pool.yaml | apply
  until_true 90 "the pool on $1" settled
  kill "$watch_pid" 2>/dev/null && wait "$watch_pid" 2>/dev/null || true
  local versions least most
  read -r versions least most < <(jq -rs '[length, ([.[].status.readyReplicas] | min), ([.[].status.replicas] | max)] | @tsv' \
    "$work/watch-$1")
  say "in $versions versions of it: at least $least of 3 ready, at most $most members"
  ((least >= 3 - $2 && most <= 3 + $3)) || fail "the pool broke its bounds"
}

with() { sed "s/$2/$3/" "examples/server/$1.yaml" | apply; }

title "A node, and a region beside it"
choose_port
start_node --provider none
in_background region "$sluice" provider region --data "$work/region" --step-time 200ms --seed 7
until_true 10 "the region" grep -q ready "$work/region.log"
apply examples/server/location.yaml

title "An instance that is a server"
apply examples/server/instance.yaml
ready web
first=$(server_of web)
"$sluice" get server -o wide | indented

title "Its server vanishes: another one is made"
region_do "vanish $first"
replaced() { [[ -n $(server_of web) && $(server_of web) != "$first" ]]; }
until_true 30 "another server" replaced
ready web
second=$(server_of web)
say "$first went, $second is there"

title "A stranger claims the same instance"
region_do "create default/here m1 debian-12 compute.unikorn-cloud.org/instance-id=default/web"
until_true 30 "the conflict" has web ServerConflict "True DuplicateMapping"
instance web '.status.conditions[] | select(.type == "ServerConflict") | "   ServerConflict: " + .message'
stranger=$("$sluice" get server -o json | jq -r \
  '.items[] | select(.status.conditions[0].reason == "DuplicateMapping") | .metadata.name')
[[ $(server_of web) == "$second" ]] || fail "the stranger took the instance"
say "the region strips its tag: the conflict is over, the stranger is nobody's"
region_do "strip $stranger"
until_true 30 "the stranger to be unmapped" mapped "$stranger" TagMissing
no_conflict() { [[ -z $(condition web ServerConflict) ]]; }
until_true 30 "the end of the conflict" no_conflict

title "Another image, whose rebuild fails; then one that does not"
region_do "fail rebuild image=debian-13"
with instance debian-12 debian-13
until_true 30 "the failed rebuild" has web Programmed "False RebuildFailed"
condition web Programmed | sed 's/^/   Programmed: /'
with instance debian-12 debian-14
ready web
[[ $(server_of web) == "$second" ]] || fail "a rebuild is in place"
say "$second runs $(instance web .status.server.reported.image)"

title "A pool of three"
apply examples/server/pool.yaml
until_true 90 "the pool" settled
say "members: $(members)"

title "Another image, at most one down at a time"
roll fedora-40 1 0

title "Another one, none down: one more stands in meanwhile"
roll fedora-41 0 1
say "members: $(members)"

title "One is evicted: that one goes, and nobody takes its place"
victim=$(members | cut -d' ' -f1)
rest=$(members | cut -d' ' -f2-)
"$sluice" send "{\"entity\":\"deployment/default/pool\",\"command\":\"Evict\",\"payload\":{\"instances\":[\"$victim\"]}}" >/dev/null
evicted() { [[ $(members) == "$rest" && $(pool .status.readyReplicas) == 2 ]]; }
until_true 60 "$victim to go" evicted
say "$victim went; members: $(members)"

title "How it came about: sluice history instance/web"
"$sluice" history instance/web | grep -E 'Server(Creation|Holder|Replacement|Rebuild|Update)' | indented

title "Taking it all away"
"$sluice" delete deployment/pool --wait | indented
"$sluice" delete instance/web --wait | indented
only_the_stranger() { [[ $("$sluice" get server -o json | jq '.items | length') -eq 1 ]]; }
until_true 30 "the servers to go" only_the_stranger
kill -TERM "${pids[@]}" 2>/dev/null || true
until_true 20 "the node and the region to end" none_is_left
printf '\nserver: done in %d s\n' "$SECONDS"

#!/usr/bin/env bash
# A rollout that gets stuck because a pool ran dry two entities away, and the questions that find out;
# docs/debugging.md goes on from there. Ends by itself.
#   --keep           leave the node up, the rollout stuck
#   --build-dir DIR  use what is built there instead of build/release
set -euo pipefail
take_option() { [[ $1 == --keep ]] && keep=true; }
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"
choose_port
start_node --partitions 2 --stop-processes

# asks TEXT VERB...: shows what the verb answers, which must hold TEXT.
asks() {
  local text=$1 answer
  shift
  echo "\$ sluice $*"
  answer=$("$sluice" "$@")
  echo "$answer"
  [[ $answer == *"$text"* ]] || fail "sluice $*: does not say '$text'"
}
is_stuck() { [[ $("$sluice" get instances -o json) == *AddressPoolExhausted* ]]; }

title "Room for two networks, and a binding on the first"
for part in cluster networks web-v1; do apply "examples/incident/$part.yaml"; done
"$sluice" wait binding/web --for=condition=Ready --timeout 30s | indented

title "Somebody takes the second; v2 of the binding wants a third"
apply examples/incident/batch.yaml
"$sluice" wait network/batch --for=condition=Ready --timeout 30s | indented
apply examples/incident/web-v2.yaml
until_true 30 "the candidate to hear of it" is_stuck

title "The rollout is stuck"
asks WaitingReady get binding,instance,network
asks "waits on registry/sluice-system/addresspool-default: refused Prefix" why binding/web
asks "from network/default/batch" why network/shop --condition IPAMAllocated
# Just created, and not yet refused.
at=$("$sluice" history network/shop --command Apply -o json | jq -r '.items[0].position')
asks Pending get network --at "$at"

if [[ $keep == true ]]; then
  title "The node is process $node_pid, its data in $work/data; more questions:"
  say "export SLUICE_SERVER=$SLUICE_SERVER"
fi

#!/usr/bin/env bash
# Shows on real processes what Sluice does: rolls a binding from revision to revision under continuous
# requests, kills the node in the middle of a rollout, lets a rollout fail and repairs it.
#   --kafka          with a Kafka broker as the log, started on loopback for it, instead of the embedded one
#   --keep           leave the node and its processes up, and say what to try next
#   --build-dir DIR  use what is built there, instead of setting up and building build/release
# Ends with exit 0 and nothing left behind; anything unexpected ends it with 1.
set -euo pipefail

kafka=false
take_option() {
  case $1 in
    --keep) keep=true ;;
    --kafka) kafka=true ;;
    *) return 1 ;;
  esac
}
targets=(sluice hello_server quickstart_probe)
source "$(dirname "${BASH_SOURCE[0]}")/../examples/shell.sh"
runs_program examples/hello_server
probe=$build/examples/quickstart_probe
instance_port=8080
also_clean_up() { if [[ $kafka == true ]]; then scripts/kafka.sh stop --dir "$work/kafka"; fi; }

start() {
  start_node "${log[@]}"
  say "node $node_pid listens on 127.0.0.1:$port"
}

binding() { "$sluice" get binding web -o json | jq -r "$1"; }

address() {
  "$sluice" resolve web -o json | jq -r '.addresses[0] | if type == "object" then .address else . end'
}

fetch() { curl -fsS --max-time 2 "http://$1:$instance_port/"; }

# The rollout to revision $1 is over: it serves, and what was before is gone.
wait_for() {
  "$sluice" wait binding/web --for=phase=Ready --timeout=60s | indented
  [[ $(binding .status.observedRevision) == "$1" ]] || fail "the binding is not on $1"
  [[ $(fetch "$(address)") == "$1" ]] || fail "$1 does not answer"
  [[ $(running | wc -l) -eq 1 ]] || fail "expected one process, found: $(running | tr '\n' ' ')"
}

choose_port
log=()
if [[ $kafka == true ]]; then
  title "A Kafka broker"
  log=(--kafka "$(scripts/kafka.sh start --dir "$work/kafka" --owner $$)" --cluster quickstart)
  say "it answers at ${log[1]}"
fi

title "A node on an empty data directory, and revision v1 of a binding"
start
for file in location network web; do apply "examples/quickstart/$file.yaml"; done
"$sluice" wait binding/web --for=condition=Ready --timeout=60s | indented
wait_for v1
say "resolve: web is at $(address); GET / answers: $(fetch "$(address)")"

title "v2, under continuous requests"
"$probe" --server "$SLUICE_SERVER" --binding default/web --port "$instance_port" \
  --watch-program "$program" --expect v1,v2,v3,v5 >"$work/probe" &
probe_pid=$!
pids+=("$probe_pid")
until_true 10 "the first answer to the load" grep -q 'v1 answers' "$work/probe"
apply examples/quickstart/rollouts/v2.yaml
wait_for v2

title "v3, and kill -9 of the node before v3 is ready"
old_address=$(address)
apply examples/quickstart/rollouts/v3.yaml
v3_runs() { [[ -n $(running v3) ]]; }
until_true 30 "a process of v3" v3_runs
candidate=$(running v3)
kill -KILL "$node_pid"
while kill -0 "$node_pid" 2>/dev/null; do sleep 0.01; done
say "node $node_pid is gone; v3 has process $candidate, $(fetch "$old_address") still answers"
[[ $(fetch "$old_address") == v2 ]] || fail "v2 stopped serving with the node down"
start
wait_for v3
[[ $(running v3) == "$candidate" ]] || fail "v3 was process $candidate, now it is $(running v3)"
say "the same process $candidate serves v3: adopted, not started again"

title "v4, which never becomes ready"
apply examples/quickstart/rollouts/v4.yaml
"$sluice" wait binding/web --for=phase=Degraded --timeout=30s | indented
binding '.status.conditions[] | select(.type == "Progressing" or .type == "Ready" or .type == "CandidateReady")
  | "   \(.type)=\(.status) \(.reason): \(.message)"'
[[ $(fetch "$(address)") == v3 ]] || fail "v3 stopped serving"
say "v3 serves on"

title "v5 repairs it"
apply examples/quickstart/rollouts/v5.yaml
wait_for v5

title "What the client saw"
v5_answers() { grep -q 'v5 answers' "$work/probe"; }
until_true 10 "v5 to answer the load" v5_answers
kill -TERM "$probe_pid"
probe_code=0
wait "$probe_pid" || probe_code=$?
cat "$work/probe"
[[ $probe_code -eq 0 ]] || fail "the load did not see what it should"

title "How it came about: sluice history binding/web"
"$sluice" history binding/web

if [[ $keep == true ]]; then
  title "The node stays up (pid $node_pid, data in $work/data). Try:"
  [[ $port -eq 7420 ]] || say "export SLUICE_SERVER=$SLUICE_SERVER"
  say "$sluice get instance -w"
  say "$sluice describe binding/web"
  say "$sluice apply -f examples/quickstart/rollouts/v2.yaml"
  say "$sluice resolve web"
  say "curl http://$(address):$instance_port/"
  say "$sluice delete binding/web --wait && kill $node_pid   # ends it"
  exit 0
fi

title "Taking it all away"
"$sluice" delete binding/web --wait | indented
until_true 20 "the last process to end" none_runs
"$sluice" delete network/default --wait | indented
"$sluice" delete location/here --wait | indented
end_node
say "no process is left"
printf '\nquickstart: done in %d s\n' "$SECONDS"

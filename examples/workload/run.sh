#!/usr/bin/env bash
# A whole workload on real processes: three replicas in each of two locations, rolled from v1 to v2
# one at a time while the others serve under continuous requests, then taken away.
#   --build-dir DIR  use what is built there, instead of setting up and building build/release
# Ends with exit 0 and nothing left behind; anything unexpected ends it with 1.
set -euo pipefail
targets=(sluice hello_server)
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"
runs_program examples/hello_server
instance_port=8080
load_pid=

workload() { "$sluice" get workload shop -o json | jq -r "$1"; }

# Addresses of the instances of a deployment.
addresses() {
  "$sluice" get instance -o json | jq -r --arg name "$1-" '.items[]
    | select(.metadata.name | startswith($name)) | .status.networkInterfaces[0].assignments.networkIP'
}

# All at once; the revisions that answer, one a line.
ask() {
  local address urls=()
  for address in "$@"; do urls+=("http://$address:$instance_port/"); done
  curl -sf --parallel --max-time 2 -w '\n' "${urls[@]}" 2>/dev/null | grep . || true
}

# Requests to every instance of both cities, over and over: how many of three answered, and what.
load() {
  local city answers
  while :; do
    for city in dfw lhr; do
      # shellcheck disable=SC2046
      answers=$(ask $(cat "$work/$city"))
      echo "$city $(grep -c . <<<"$answers" || true) $(sort -u <<<"$answers" | paste -sd+)"
    done
  done
}

all_are() {
  [[ $(workload .status.currentReplicas) == 6 && $(workload .status.readyReplicas) == 6 ]] || return 1
  # shellcheck disable=SC2046
  [[ $(ask $(cat "$work/dfw" "$work/lhr") | sort | uniq -c | awk '{print $1 $2}') == "6$1" ]]
}

title "A node, two locations, a network and a workload on v1"
choose_port
start_node
for file in locations network workload-v1; do apply "examples/workload/$file.yaml"; done
"$sluice" wait workload/shop --for=condition=Available --timeout=60s | indented
six_are_ready() { [[ $(workload .status.readyReplicas) == 6 ]]; }
until_true 60 "six ready instances" six_are_ready
"$sluice" get workload
"$sluice" get deployment
"$sluice" get instance -o wide
for city in dfw lhr; do addresses "shop-all-$city" >"$work/$city"; done
until_true 20 "v1 of all six" all_are v1

title "v2, one at a time, under continuous requests"
load >"$work/load" &
load_pid=$!
pids+=("$load_pid")
disown "$load_pid"
load_is_served() { grep -q 'v1' "$work/load"; }
until_true 20 "the first answers" load_is_served
before=$(date -u +%FT%T.%6NZ)
apply examples/workload/workload-v2.yaml
until_true 120 "v2 of all six" all_are v2
v2_is_served() { tail -4 "$work/load" | grep -q 'v2$'; }
until_true 20 "v2 for the load" v2_is_served
kill -KILL "$load_pid"
load_pid=

title "What the load saw: rounds by city, and how many of three answered"
head -n -1 "$work/load" | awk '{count[$1 " " $2]++} END {for (k in count) print "   " k " of 3: " count[k] " rounds"}' | sort
few=$(head -n -1 "$work/load" | awk '$2 < 2' | wc -l)
[[ $(head -n -1 "$work/load" | awk '$2 < 1' | wc -l) -eq 0 ]] || fail "a city was without a server"
[[ $few -le 2 ]] || fail "more than one of three was down in $few rounds"

# Over within a second, but the log has it.
title "Its first plan that waits: sluice replay deployment/shop-all-dfw --until 'status.plan.counts.skipped > 0'"
plan=$("$sluice" replay deployment/shop-all-dfw --from "$before" --until 'status.plan.counts.skipped > 0' \
  --state -o json | jq -r '.items[-1].state.status.plan.actions[]
    | "   \(.action) \(.instance)\(if .skipped then " (skipped)" else "" end)"')
echo "$plan"
[[ $plan == "   Wait "*"(skipped)"*"(skipped)" ]] || fail "the rollout did not wait for one after the other"

title "How it came about: sluice history deployment/shop-all-dfw"
"$sluice" history deployment/shop-all-dfw | tail -5

title "Taking it all away"
"$sluice" delete workload/shop --wait | indented
until_true 20 "the last process to end" none_runs
"$sluice" delete network/default --wait | indented
for city in dallas london; do "$sluice" delete "location/$city" --wait | indented; done
end_node
say "no process is left"
printf '\nworkload: done in %d s\n' "$SECONDS"

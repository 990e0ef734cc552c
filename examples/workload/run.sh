#!/usr/bin/env bash
# A whole workload on real processes: three replicas in each of two locations, rolled from v1 to v2
# one at a time while the others serve under continuous requests, then taken away.
#   --build-dir DIR  use what is built there, instead of building build/release
# Ends with exit 0 and nothing left behind; anything unexpected ends it with 1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build=
while [[ $# -gt 0 ]]; do
  case $1 in
    --build-dir)
      build=$(realpath "${2:?--build-dir needs a directory}")
      shift
      ;;
    -h | --help)
      sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *)
      echo "workload: unknown option $1 (see --help)" >&2
      exit 2
      ;;
  esac
  shift
done
if [[ -z $build ]]; then
  scripts/build.sh release sluice hello_server
  build=$PWD/build/release
fi

sluice=$build/sluice
program=$(realpath -m "$build/examples/hello_server")
instance_port=8080
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-workload.XXXXXX")
node_pid=
load_pid=

title() { printf '\n== %s\n' "$*"; }
say() { printf '   %s\n' "$*"; }
fail() {
  echo "workload: $*" >&2
  exit 1
}

# Process ids that run our server.
running() {
  local exe pid
  { find /proc -maxdepth 2 -name exe -lname "$program" 2>/dev/null || true; } | while read -r exe; do
    pid=${exe%/exe}
    echo "${pid#/proc/}"
  done
}

until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [[ $SECONDS -lt $deadline ]] || fail "waited in vain for: $what"
    sleep 0.1
  done
}

clean_up() {
  local code=$?
  trap - EXIT
  if [[ $code -ne 0 && -f $work/node.log ]]; then
    echo "workload: failed; the node's last words:" >&2
    tail -30 "$work/node.log" >&2
    "$sluice" get deployment -o yaml >&2 || true
  fi
  # The node first, so that it starts nothing again.
  for pid in $load_pid $node_pid; do kill -KILL "$pid" 2>/dev/null || true; done
  for pid in $(running); do kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$work"
  exit "$code"
}

# Manifests name build/release; with --build-dir they are to name that.
apply() {
  sed "s|\./build/release/|$build/|" "$1" | "$sluice" apply -f - | sed 's/^/   /'
}

workload() { "$sluice" get workload shop -o json | jq -r "$1"; }
deployment() { "$sluice" get deployment "$1" -o json | jq -r "$2"; }

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

[[ -x $sluice && -x $program ]] || fail "not built in $build"
if [[ -n $(running) ]]; then
  rm -rf "$work"
  echo "workload: $program runs already (pids $(running | tr '\n' ' ')): end that first" >&2
  exit 1
fi
trap clean_up EXIT
trap 'exit 130' INT TERM

port=7420
while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((20000 + RANDOM % 10000)); done
export SLUICE_SERVER=http://127.0.0.1:$port

title "A node, two locations, a network and a workload on v1"
"$sluice" up --data "$work/data" --listen "127.0.0.1:$port" >>"$work/node.log" 2>&1 &
node_pid=$!
disown "$node_pid"
node_is_ready() { curl -fs -o /dev/null "$SLUICE_SERVER/readyz"; }
until_true 30 "the node" node_is_ready
for file in locations network workload-v1; do apply "examples/workload/$file.yaml"; done
"$sluice" wait workload/shop --for=condition=Available --timeout=60s | sed 's/^/   /'
six_are_ready() { [[ $(workload .status.readyReplicas) == 6 ]]; }
until_true 60 "six ready instances" six_are_ready
"$sluice" get workload
"$sluice" get deployment
"$sluice" get instance -o wide
for city in dfw lhr; do addresses "shop-all-$city" >"$work/$city"; done
until_true 20 "v1 of all six" all_are v1

title "v2, one at a time, under continuous requests"
load >"$work/load.log" &
load_pid=$!
disown "$load_pid"
load_is_served() { grep -q 'v1' "$work/load.log"; }
until_true 20 "the first answers" load_is_served
apply examples/workload/workload-v2.yaml
a_plan_waits() { [[ $(deployment shop-all-dfw .status.plan.counts.skipped) -gt 0 ]]; }
until_true 20 "a rollout that is seen to wait" a_plan_waits
deployment shop-all-dfw '.status.plan.actions[] | "   \(.action) \(.instance)\(if .skipped then " (skipped)" else "" end)"'
until_true 120 "v2 of all six" all_are v2
v2_is_served() { tail -4 "$work/load.log" | grep -q 'v2$'; }
until_true 20 "v2 for the load" v2_is_served
kill -KILL "$load_pid"
load_pid=

title "What the load saw: rounds by city, and how many of three answered"
head -n -1 "$work/load.log" | awk '{count[$1 " " $2]++} END {for (k in count) print "   " k " of 3: " count[k] " rounds"}' | sort
few=$(head -n -1 "$work/load.log" | awk '$2 < 2' | wc -l)
[[ $(head -n -1 "$work/load.log" | awk '$2 < 1' | wc -l) -eq 0 ]] || fail "a city was without a server"
[[ $few -le 2 ]] || fail "more than one of three was down in $few rounds"

title "How it came about: sluice history deployment/shop-all-dfw"
"$sluice" history deployment/shop-all-dfw | tail -5

title "Taking it all away"
"$sluice" delete workload/shop --wait | sed 's/^/   /'
none_runs() { [[ -z $(running) ]]; }
until_true 20 "the last process to end" none_runs
"$sluice" delete network/default --wait | sed 's/^/   /'
for city in dallas london; do "$sluice" delete "location/$city" --wait | sed 's/^/   /'; done
kill -TERM "$node_pid"
node_is_gone() { ! kill -0 "$node_pid" 2>/dev/null; }
until_true 20 "the node to end" node_is_gone
say "no process is left"
printf '\nworkload: done in %d s\n' "$SECONDS"

#!/usr/bin/env bash
# Shows on real processes what Sluice does: rolls a binding from revision to revision under continuous
# requests, kills the node in the middle of a rollout, lets a rollout fail and repairs it.
#   --kafka          with a Kafka broker as the log, started on loopback for it, instead of the embedded one
#   --keep           leave the node and its processes up, and say what to try next
#   --build-dir DIR  use what is built there, instead of setting up and building build/release
# Ends with exit 0 and nothing left behind; anything unexpected ends it with 1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

keep=false
kafka=false
build=
while [[ $# -gt 0 ]]; do
  case $1 in
    --keep) keep=true ;;
    --build-dir)
      build=$(realpath "${2:?--build-dir needs a directory}")
      shift
      ;;
    --kafka) kafka=true ;;
    -h | --help)
      sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *)
      echo "quickstart: unknown option $1 (see --help)" >&2
      exit 2
      ;;
  esac
  shift
done
if [[ -z $build ]]; then
  scripts/setup.sh
  scripts/build.sh release sluice hello_server quickstart_probe
  build=$PWD/build/release
fi

sluice=$build/sluice
program=$(realpath -m "$build/examples/hello_server")
probe=$build/examples/quickstart_probe
instance_port=8080
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-quickstart.XXXXXX")
node_pid=
probe_pid=

title() { printf '\n== %s\n' "$*"; }
say() { printf '   %s\n' "$*"; }
fail() {
  echo "quickstart: $*" >&2
  exit 1
}

# Process ids that run our server; of revision $1 only, if given. Processes that end meanwhile are
# no error.
running() {
  local exe pid arguments
  { find /proc -maxdepth 2 -name exe -lname "$program" 2>/dev/null || true; } | while read -r exe; do
    pid=${exe%/exe}
    arguments=$(tr '\0' ' ' <"$pid/cmdline" 2>/dev/null || true)
    if [[ -z ${1:-} || $arguments == *"--revision $1 "* ]]; then echo "${pid#/proc/}"; fi
  done
}

# until_true SECONDS WHAT COMMAND...: repeats the command until it succeeds.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [[ $SECONDS -lt $deadline ]] || fail "waited in vain for: $what"
    sleep 0.05
  done
}

clean_up() {
  local code=$?
  trap - EXIT
  if [[ $code -ne 0 && -f $work/node.log ]]; then
    echo "quickstart: failed; the node's last words:" >&2
    tail -30 "$work/node.log" >&2
  fi
  if [[ $code -ne 0 || $keep == false ]]; then
    # The node first, so that it starts nothing again.
    for pid in $probe_pid $node_pid; do kill -KILL "$pid" 2>/dev/null || true; done
    for pid in $(running); do kill -KILL "$pid" 2>/dev/null || true; done
    if [[ $kafka == true ]]; then scripts/kafka.sh stop --dir "$work/kafka"; fi
    rm -rf "$work"
  fi
  exit "$code"
}

start_node() {
  "$sluice" up --data "$work/data" --listen "$listen" "${log[@]}" >>"$work/node.log" 2>&1 &
  node_pid=$!
  disown "$node_pid"  # Killing it below is no news.
  local deadline=$((SECONDS + 30))
  until curl -fs -o /dev/null "$SLUICE_SERVER/readyz"; do
    kill -0 "$node_pid" 2>/dev/null || fail "the node ended"
    [[ $SECONDS -lt $deadline ]] || fail "the node did not get ready"
    sleep 0.05
  done
  say "node $node_pid listens on $listen"
}

# Manifests name build/release; with --build-dir they are to name that.
apply() {
  local file=$1
  if [[ $build != "$PWD/build/release" ]]; then
    sed "s|\./build/release/|$build/|" "$file" | "$sluice" apply -f - | sed 's/^/   /'
  else
    "$sluice" apply -f "$file" | sed 's/^/   /'
  fi
}

binding() { "$sluice" get binding web -o json | jq -r "$1"; }

address() {
  "$sluice" resolve web -o json | jq -r '.addresses[0] | if type == "object" then .address else . end'
}

fetch() { curl -fsS --max-time 2 "http://$1:$instance_port/"; }

# The rollout to revision $1 is over: it serves, and what was before is gone.
wait_for() {
  "$sluice" wait binding/web --for=phase=Ready --timeout=60s | sed 's/^/   /'
  [[ $(binding .status.observedRevision) == "$1" ]] || fail "the binding is not on $1"
  [[ $(fetch "$(address)") == "$1" ]] || fail "$1 does not answer"
  [[ $(running | wc -l) -eq 1 ]] || fail "expected one process, found: $(running | tr '\n' ' ')"
}

[[ -x $sluice && -x $program && -x $probe ]] || fail "not built in $build"
if [[ -n $(running) ]]; then
  rm -rf "$work"
  echo "quickstart: $program runs already (pids $(running | tr '\n' ' ')): end that first" >&2
  exit 1
fi
trap clean_up EXIT
trap 'exit 130' INT TERM

port=7420
while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((20000 + RANDOM % 10000)); done
listen=127.0.0.1:$port
export SLUICE_SERVER=http://$listen

log=()
if [[ $kafka == true ]]; then
  title "A Kafka broker"
  log=(--kafka "$(scripts/kafka.sh start --dir "$work/kafka" --owner $$)" --cluster quickstart)
  say "it answers at ${log[1]}"
fi

title "A node on an empty data directory, and revision v1 of a binding"
start_node
for file in location network web; do apply "examples/quickstart/$file.yaml"; done
"$sluice" wait binding/web --for=condition=Ready --timeout=60s | sed 's/^/   /'
wait_for v1
say "resolve: web is at $(address); GET / answers: $(fetch "$(address)")"

title "v2, under continuous requests"
"$probe" --server "$SLUICE_SERVER" --binding default/web --port "$instance_port" \
  --watch-program "$program" --expect v1,v2,v3,v5 >"$work/probe.log" &
probe_pid=$!
until_true 10 "the first answer to the load" grep -q 'v1 answers' "$work/probe.log"
apply examples/quickstart/rollouts/v2.yaml
wait_for v2

title "v3, and kill -9 of the node before v3 is ready"
apply examples/quickstart/rollouts/v3.yaml
v3_runs() { [[ -n $(running v3) ]]; }
until_true 30 "a process of v3" v3_runs
candidate=$(running v3)
old_address=$(address)
kill -KILL "$node_pid"
while kill -0 "$node_pid" 2>/dev/null; do sleep 0.01; done
say "node $node_pid is gone; v3 has process $candidate, $(fetch "$old_address") still answers"
[[ $(fetch "$old_address") == v2 ]] || fail "v2 stopped serving with the node down"
start_node
wait_for v3
[[ $(running v3) == "$candidate" ]] || fail "v3 was process $candidate, now it is $(running v3)"
say "the same process $candidate serves v3: adopted, not started again"

title "v4, which never becomes ready"
apply examples/quickstart/rollouts/v4.yaml
"$sluice" wait binding/web --for=phase=Degraded --timeout=30s | sed 's/^/   /'
binding '.status.conditions[] | select(.type == "Progressing" or .type == "Ready" or .type == "CandidateReady")
  | "   \(.type)=\(.status) \(.reason): \(.message)"'
[[ $(fetch "$(address)") == v3 ]] || fail "v3 stopped serving"
say "v3 serves on"

title "v5 repairs it"
apply examples/quickstart/rollouts/v5.yaml
wait_for v5

title "What the client saw"
v5_answers() { grep -q 'v5 answers' "$work/probe.log"; }
until_true 10 "v5 to answer the load" v5_answers
kill -TERM "$probe_pid"
probe_code=0
wait "$probe_pid" || probe_code=$?
probe_pid=
cat "$work/probe.log"
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
"$sluice" delete binding/web --wait | sed 's/^/   /'
none_runs() { [[ -z $(running) ]]; }
until_true 20 "the last process to end" none_runs
"$sluice" delete network/default --wait | sed 's/^/   /'
"$sluice" delete location/here --wait | sed 's/^/   /'
kill -TERM "$node_pid"
node_is_gone() { ! kill -0 "$node_pid" 2>/dev/null; }
until_true 20 "the node to end" node_is_gone
say "no process is left"
printf '\nquickstart: done in %d s\n' "$SECONDS"

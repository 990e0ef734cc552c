# What the examples' run.sh share; sourced, not run. Takes --build-dir DIR, starts a node of its own
# on a free loopback port, and leaves nothing behind.
example=$(basename "$(dirname "$(realpath "$0")")")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/release
if [[ ${1:-} == --build-dir ]]; then build=${2:?--build-dir needs a directory}; fi
build=$(realpath "$build")
sluice=$build/sluice
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-$example.XXXXXX")
node_pid=

title() { printf '\n== %s\n' "$*"; }
say() { printf '   %s\n' "$*"; }
indented() { sed 's/^/   /'; }
fail() {
  echo "$example: $*" >&2
  exit 1
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
  if [[ $code -ne 0 && -f $work/node.log ]]; then tail -30 "$work/node.log" >&2; fi
  if [[ -n $node_pid ]]; then
    # Asked first, so that it ends what it runs.
    kill -TERM "$node_pid" 2>/dev/null || true
    for _ in $(seq 200); do kill -0 "$node_pid" 2>/dev/null || break; sleep 0.05; done
    kill -KILL "$node_pid" 2>/dev/null || true
  fi
  rm -rf "$work"
  exit "$code"
}

[[ -x $sluice ]] || fail "not built in $build; run: scripts/build.sh release sluice"
trap clean_up EXIT
trap 'exit 130' INT TERM
port=7420
while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((20000 + RANDOM % 10000)); done
export SLUICE_SERVER=http://127.0.0.1:$port
"$sluice" up --data "$work/data" --listen "127.0.0.1:$port" --stop-processes >"$work/node.log" 2>&1 &
node_pid=$!
until_true 30 "the node" curl -fs "$SLUICE_SERVER/readyz"

# apply: manifests from standard input.
apply() { "$sluice" apply -f - | indented; }
# send ENTITY COMMAND PAYLOAD: accepted, or the example ends.
send() {
  local answer
  answer=$("$sluice" send "{\"entity\":\"$1\",\"command\":\"$2\",\"payload\":$3}") || fail "$2: $answer"
}

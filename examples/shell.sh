# What the examples' run.sh and scripts/quickstart.sh share; sourced, not run, from the top of a script under
# `set -euo pipefail`. It takes the options, builds unless --build-dir says where that was done, and sees to it
# that nothing is left behind.
#   targets      array, set before: what is built (default: sluice)
#   take_option  function, defined before: takes one more option, or fails
#   program      path, set after: processes that run it are this example's (`running`), and are ended with it
script=$(realpath "$0")
example=$(basename "$(dirname "$script")")
[[ $example != scripts ]] || example=$(basename "$script" .sh)
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=
keep=false  # All stays up when the script ends well.
while [[ $# -gt 0 ]]; do
  case $1 in
    --build-dir)
      build=$(realpath "${2:?--build-dir needs a directory}")
      shift
      ;;
    -h | --help)
      sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$script"
      exit 0
      ;;
    *)
      if ! declare -F take_option >/dev/null || ! take_option "$1"; then
        echo "$example: unknown option $1 (see --help)" >&2
        exit 2
      fi
      ;;
  esac
  shift
done
if [[ -z $build ]]; then
  scripts/setup.sh
  scripts/build.sh release "${targets[@]:-sluice}"
  build=$PWD/build/release
fi
sluice=$build/sluice
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-$example.XXXXXX")
pids=()     # Of what was started in the background.
node_pid=
program=

title() { printf '\n== %s\n' "$*"; }
say() { printf '   %s\n' "$*"; }
indented() { sed 's/^/   /'; }
fail() {
  echo "$example: $*" >&2
  exit 1
}

# until_true SECONDS WHAT COMMAND...: repeats the command until it succeeds. In a shell of its own: an unbound
# variable in it would end the script, and silently.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until ("$@") >/dev/null 2>&1; do
    [[ $SECONDS -lt $deadline ]] || fail "waited in vain for: $what"
    sleep 0.05
  done
}

# Process ids that run the program; with revision $1 only, if given. Processes that end meanwhile are no error.
running() {
  local exe pid arguments
  [[ -n $program ]] || return 0
  { find /proc -maxdepth 2 -name exe -lname "$program" 2>/dev/null || true; } | while read -r exe; do
    pid=${exe%/exe}
    arguments=$(tr '\0' ' ' <"$pid/cmdline" 2>/dev/null || true)
    if [[ -z ${1:-} || $arguments == *"--revision $1 "* ]]; then echo "${pid#/proc/}"; fi
  done
}
none_runs() { [[ -z $(running) ]]; }

# in_background NAME COMMAND...: its output goes to $work/NAME.log; $! is its process.
in_background() {
  local name=$1
  shift
  "$@" >>"$work/$name.log" 2>&1 &
  pids+=("$!")
  disown "$!"  # Killing it is no news.
}

# SLUICE_SERVER names a port that is free now.
choose_port() {
  port=7420
  while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((20000 + RANDOM % 10000)); done
  export SLUICE_SERVER=http://127.0.0.1:$port
}

# start_node OPTIONS...: a node on $work/data; returns once it is ready.
start_node() {
  in_background node "$sluice" up --data "$work/data" --listen "127.0.0.1:$port" "$@"
  node_pid=$!
  local deadline=$((SECONDS + 30))
  until curl -fs -o /dev/null "$SLUICE_SERVER/readyz"; do
    kill -0 "$node_pid" 2>/dev/null || fail "the node ended"
    [[ $SECONDS -lt $deadline ]] || fail "the node did not get ready"
    sleep 0.05
  done
}
node_is_gone() { ! kill -0 "$node_pid" 2>/dev/null; }
end_node() {
  kill -TERM "$node_pid"
  until_true 20 "the node to end" node_is_gone
}

none_is_left() {
  local pid
  for pid in "${pids[@]}"; do ! kill -0 "$pid" 2>/dev/null || return 1; done
}
clean_up() {
  local code=$? pid
  trap - EXIT
  if [[ $code -ne 0 ]] && compgen -G "$work/*.log" >/dev/null; then
    echo "$example: failed; the last words of its processes:" >&2
    tail -n 20 "$work"/*.log >&2 || true
  fi
  if [[ $code -eq 0 && $keep == true ]]; then exit 0; fi
  # Asked first, so that each ends what it runs.
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for _ in $(seq 200); do none_is_left && break; sleep 0.05; done
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  for pid in $(running); do kill -KILL "$pid" 2>/dev/null || true; done
  if declare -F also_clean_up >/dev/null; then also_clean_up; fi
  rm -rf "$work"
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
[[ -x $sluice ]] || fail "not built in $build"

# runs_program NAME: processes of the build's program NAME are this example's; none may be there yet.
runs_program() {
  local path
  path=$(realpath -m "$build/$1")
  [[ -x $path ]] || fail "not built in $build: $1"
  program=$path
  none_runs || { program=; fail "$path runs already (pids $(program=$path running | tr '\n' ' ')): end that first"; }
}

# apply [FILE]: manifests, which name build/release; with --build-dir they are to name that.
apply() { sed "s|\./build/release/|$build/|" "${1:--}" | "$sluice" apply -f - | indented; }

# send ENTITY COMMAND PAYLOAD: accepted, or the example ends.
send() {
  local answer
  answer=$("$sluice" send "{\"entity\":\"$1\",\"command\":\"$2\",\"payload\":$3}") || fail "$2: $answer"
}

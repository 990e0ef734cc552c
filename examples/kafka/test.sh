#!/usr/bin/env bash
# Commands to a real node over a real broker from a Python client, kcat and a Java client; what they
# did is read back. Usage: test.sh SLUICE_BINARY [WORK_DIRECTORY]. Needs scripts/setup.sh's packages.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
sluice=$(realpath "$1")
work=$(mktemp -d)
node=
finish() {
  [[ -n $node ]] && kill "$node" 2>/dev/null && wait "$node" 2>/dev/null || true
  "$root/scripts/kafka.sh" stop --dir "$work/kafka" || true
  rm -rf "$work"
}
trap finish EXIT
fail() {
  echo "test: $1" >&2
  exit 1
}

venv=$root/.cache/kafka/venv
if [[ ! -f $venv/.complete ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q confluent-kafka
  touch "$venv/.complete"
fi
brokers=$("$root/scripts/kafka.sh" start --dir "$work/kafka" --owner $$)
jars=$root/.cache/kafka/jars
javac -cp "$jars/*" -d "$work/classes" "$here/SendCommand.java"

"$sluice" up --data "$work/data" --listen 127.0.0.1:0 --provider none --kafka "$brokers" --cluster shop \
  --partitions 4 >"$work/out" 2>"$work/err" &
node=$!
for _ in $(seq 300); do
  grep -q 'is ready at' "$work/out" && break
  kill -0 "$node" 2>/dev/null || { cat "$work/err" >&2; fail "the node ended"; }
  sleep 0.1
done
url=$(grep -o 'http://[0-9.:]*' "$work/out" | head -1) || fail "the node is not ready"
export SLUICE_SERVER=$url

apply() {  # NAME, more members
  echo "{\"entity\":\"network/default/$1\",\"command\":\"Apply\",\"payload\":{\"spec\":{\"ipam\":{\"mode\":\"Auto\"}}}${2:-}}"
}
python() { "$venv/bin/python" "$here/sluice_kafka.py" --brokers "$brokers" --cluster shop "$@"; }
decided() {  # NAME: its command, whose id is the name, is accepted, and once
  local seen=0
  for _ in $(seq 100); do
    seen=$("$sluice" history "network/$1" -o json 2>/dev/null | jq "[.items[]? | select(.command.id == \"$1\" and .verdict == \"Accepted\")] | length" || echo 0)
    [[ $seen == 1 ]] && return
    sleep 0.1
  done
  fail "network/$1 has $seen accepted decisions on its command, not 1"
}

echo "python: eight commands, each decided where its key belongs"
commands=()
for i in 1 2 3 4 5 6 7 8; do commands+=("$(apply "py-$i" ",\"id\":\"py-$i\"")"); done
python --actor python "${commands[@]}" >"$work/python"
[[ $(grep -c ' Accepted' "$work/python") == 8 ]] || { cat "$work/python" >&2; fail "not all are accepted"; }
for i in 1 2 3 4 5 6 7 8; do decided "py-$i"; done
"$sluice" history network/py-1 -o json | jq -e '.items[0].actor == "python"' >/dev/null || fail "the actor header is lost"

echo "python: the same id again is a duplicate, another version a rejection"
python "$(apply py-1 ',"id":"py-1"')" | grep -q ' Duplicate' || fail "a repeated command is no duplicate"
rejected=0
python "$(apply py-1 ',"id":"py-1b","expectedVersion":99')" >"$work/rejected" || rejected=$?
[[ $rejected == 1 ]] && grep -q 'Rejected VersionConflict' "$work/rejected" || fail "a wrong version is not rejected"

echo "java: the default partitioner"
java -cp "$jars/*:$work/classes" -Dlog4j2.configurationFile="$root/scripts/kafka/log4j2.properties" SendCommand "$brokers" shop network/default/java-1 "$(apply java-1 ',"id":"java-1"')" |
  grep -E '^[0-9]+ [0-9]+$' >"$work/java"  # its log goes to the same place
decided java-1
at=$("$sluice" history network/java-1 -o json | jq -r '.items[0].position')
[[ ${at%%:*} == "$(cut -d' ' -f1 "$work/java")" ]] || fail "java sent to $(cat "$work/java"), decided at $at"

echo "kcat: murmur2, the id in a header"
produce=(kcat -b "$brokers" -P -t shop.commands -H content-type=application/json)
apply kcat-1 | "${produce[@]}" -X partitioner=murmur2_random -k network/default/kcat-1 -H command-id=kcat-1 -H actor=kcat
decided kcat-1
"$sluice" history network/kcat-1 -o json | jq -e '.items[0].actor == "kcat"' >/dev/null || fail "the actor header is lost"

echo "kcat: every wrong partition, forwarded and decided once"
for partition in 0 1 2 3; do apply stray ',"id":"stray"' | "${produce[@]}" -p "$partition" -k network/default/stray; done
decided stray

echo "kcat: what is no command is set aside, and nothing stops"
echo 'no json' | "${produce[@]}" -p 0
for _ in $(seq 100); do
  letters=$("$sluice" dead-letters list -o json | jq '.items | length')
  [[ $letters == 1 ]] && break
  sleep 0.1
done
[[ $letters == 1 ]] || fail "$letters dead letters, not 1"
python "$(apply py-9 ',"id":"py-9"')" | grep -q ' Accepted' || fail "a partition stopped"
echo "test: all landed"

#!/usr/bin/env bash
# A real Apache Kafka broker (KRaft) on loopback, for tests, benchmarks and trying things out.
#   scripts/kafka.sh start [--brokers 1|3] [--dir DIR] [--fsync] [--secure] [--proxied] [--owner PID]
#                                          prints the bootstrap address when it answers; with --owner it
#                                          ends when that process does, however that ends
#        --secure: listeners with SASL/PLAIN and TLS beside the plain one, and an authorizer that lets
#        user `sluice` do what `allow` says; DIR/sasl.yaml and DIR/ssl.yaml are for `sluice up --config`
#        --proxied: a listener for clients behind a proxy, which is to listen where DIR/proxied says, one
#        line a broker: the port that clients are told, the port that the broker is at
#   scripts/kafka.sh allow|forbid TYPE NAME OPERATION [--dir DIR]   an ACL of user `sluice`, where NAME
#                                          is a prefix; TYPE: topic, group, transactional-id, or
#                                          several with commas
#   scripts/kafka.sh stop [--dir DIR]      ends it and removes its data
#   scripts/kafka.sh status [--dir DIR]    the address and the processes; exit 3 when nothing runs
#   scripts/kafka.sh kill|restart N [--dir DIR]   SIGKILLs broker N and waits for its end, starts it again on its data
#   scripts/kafka.sh pause|resume N [--dir DIR]   SIGSTOP and SIGCONT to broker N
#   scripts/kafka.sh topics|configs ARGUMENTS... [--dir DIR]   Kafka's own kafka-topics, kafka-configs
# Its jars are fetched by Maven, once, into .cache/kafka/jars; DIR is .cache/kafka/run unless given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  echo "kafka: $1" >&2
  exit "${2:-1}"
}

verb=${1:-}
[[ $# -gt 0 ]] && shift
brokers=1
dir=$PWD/.cache/kafka/run
jars=$PWD/.cache/kafka/jars
fsync=false
owner=
number=
secure=false
proxied=false
words=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --brokers) brokers=${2:?}; shift ;;
    --dir) dir=$(realpath -m "${2:?}"); shift ;;
    --fsync) fsync=true ;;
    --secure) secure=true ;;
    --proxied) proxied=true ;;
    --owner) owner=${2:?}; shift ;;
    *)
      case $verb in
        allow | forbid | topics | configs) words+=("$1") ;;
        kill | restart | pause | resume) [[ $1 == [0-9] ]] || fail "$verb takes a broker's number" 2; number=$1 ;;
        *) fail "unknown option $1" 2 ;;
      esac
      ;;
  esac
  shift
done
[[ $brokers == 1 || $brokers == 3 ]] || fail "--brokers is 1 or 3" 2

fetch_jars() {
  [[ -f $jars/.complete ]] && return
  echo "kafka: fetching the broker's jars with Maven (once, 54 MB)" >&2
  mkdir -p "$jars"
  # Two callers at once fetch once. The lock ends with the subshell: a broker that inherited it would hold
  # it for as long as it runs, and every other caller would wait for that.
  (
    flock 9
    [[ -f $jars/.complete ]] && exit
    mvn -q -B -f scripts/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory="$jars" >&2
    touch "$jars/.complete"
  ) 9>"$jars/.lock"
}

free_ports() {
  python3 - "$1" <<'PY'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])
PY
}

# java_run [exec] ARGUMENTS...
java_run() {
  local with=()
  [[ $1 == exec ]] && with=(exec) && shift
  "${with[@]}" java -cp "$jars/*" -Dlog4j2.configurationFile="$PWD/scripts/kafka/log4j2.properties" "$@"
}

# Kafka's own tools, as the user whom the plain listener lets do everything.
tool() {
  local class=$1
  shift
  java -cp "$jars/*" -Dlog4j2.level=ERROR -XX:TieredStopAtLevel=1 "$class" --bootstrap-server "$(cat "$dir/bootstrap")" "$@"
}

launch() {
  local id=$1
  : >"$dir/$id.log"
  # In the place of the shell that waits for it: its process id is what is killed.
  (java_run exec -Xmx512m -Xms256m -XX:+UseSerialGC kafka.Kafka "$dir/$id.properties") >>"$dir/$id.log" 2>&1 &
  echo $! >"$dir/$id.pid"
  disown
}

# Certificates of one day, and what a client is to be told, in DIR.
password=loopback-secret
make_certificates() {
  local subject=/CN=127.0.0.1
  openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj "$subject" -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$dir/key.pem" -out "$dir/ca.pem" 2>"$dir/openssl.log" || { cat "$dir/openssl.log" >&2; fail "no certificate"; }
  openssl pkcs12 -export -inkey "$dir/key.pem" -in "$dir/ca.pem" -out "$dir/key.p12" -passout "pass:$password"
}

# client_file NAME ADDRESSES LINES...
client_file() {
  local file=$dir/$1.yaml addresses=$2
  shift 2
  {
    echo "kafka:"
    echo "  brokers: $addresses"
    echo "  properties:"
    printf '    %s\n' "$@"
  } >"$file"
  chmod 600 "$file"
}

# The lines of broker N's properties behind the listeners of the plain one.
secure_properties() {
  cat <<P
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_sluice="$password";
ssl.keystore.type=PKCS12
ssl.keystore.location=$dir/key.p12
ssl.keystore.password=$password
ssl.key.password=$password
P
}

# One that has ended and that nobody has buried yet is not.
alive() { [[ -f $dir/$1.pid ]] && grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$(cat "$dir/$1.pid")/status"; }

await() {
  local id=$1 deadline=$((SECONDS + 120))
  until grep -q 'Kafka Server started' "$dir/$id.log"; do
    alive "$id" || { tail -20 "$dir/$id.log" >&2; fail "broker $id ended"; }
    [[ $SECONDS -lt $deadline ]] || fail "broker $id did not start within 120 s; see $dir/$id.log"
    sleep 0.1
  done
}

start() {
  [[ -d $dir ]] && compgen -G "$dir/*.pid" >/dev/null && fail "something runs in $dir already; stop it first" 3
  fetch_jars
  mkdir -p "$dir"
  local ports id voters="" bootstrap="" cluster
  local sasl="" ssl="" more further
  read -r -a ports < <(free_ports $((6 * brokers)))
  for ((id = 1; id <= brokers; ++id)); do
    voters+="${voters:+,}$id@127.0.0.1:${ports[6 * id - 1]}"
    bootstrap+="${bootstrap:+,}127.0.0.1:${ports[6 * id - 2]}"
    sasl+="${sasl:+,}127.0.0.1:${ports[6 * id - 3]}"
    ssl+="${ssl:+,}127.0.0.1:${ports[6 * id - 4]}"
    [[ $proxied == true ]] && echo "${ports[6 * id - 6]} ${ports[6 * id - 5]}" >>"$dir/proxied"
  done
  if [[ $secure == true ]]; then
    make_certificates
    client_file sasl "$sasl" "security.protocol: SASL_PLAINTEXT" "sasl.mechanism: PLAIN" "sasl.username: sluice" "sasl.password: $password"
    client_file ssl "$ssl" "security.protocol: SSL" "ssl.ca.location: $dir/ca.pem"
  fi
  local isr=$((brokers == 3 ? 2 : 1))
  cluster=$(java_run kafka.tools.StorageTool random-uuid 2>/dev/null | tail -1)
  for ((id = 1; id <= brokers; ++id)); do
    more=
    [[ $secure == true ]] && more=",SASL_PLAINTEXT://127.0.0.1:${ports[6 * id - 3]},SSL://127.0.0.1:${ports[6 * id - 4]}"
    further=$more
    if [[ $proxied == true ]]; then
      more+=",PROXIED://127.0.0.1:${ports[6 * id - 5]}"
      further+=",PROXIED://127.0.0.1:${ports[6 * id - 6]}"
    fi
    cat >"$dir/$id.properties" <<P
process.roles=broker,controller
node.id=$id
controller.quorum.voters=$voters
listeners=PLAINTEXT://127.0.0.1:${ports[6 * id - 2]},CONTROLLER://127.0.0.1:${ports[6 * id - 1]}$more
advertised.listeners=PLAINTEXT://127.0.0.1:${ports[6 * id - 2]}$further
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data-$id
offsets.topic.replication.factor=$brokers
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$brokers
transaction.state.log.min.isr=$isr
transaction.state.log.num.partitions=4
default.replication.factor=$brokers
min.insync.replicas=$isr
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=4
log.cleaner.enable=true
P
    [[ $secure == true ]] && secure_properties >>"$dir/$id.properties"
    [[ $fsync == true ]] && echo "log.flush.interval.messages=1" >>"$dir/$id.properties"
    java_run kafka.tools.StorageTool format -t "$cluster" -c "$dir/$id.properties" >"$dir/$id.format.log" 2>&1 ||
      { cat "$dir/$id.format.log" >&2; fail "storage of broker $id cannot be formatted"; }
    launch "$id"
  done
  for ((id = 1; id <= brokers; ++id)); do await "$id"; done
  echo "$bootstrap" >"$dir/bootstrap"
  if [[ -n $owner ]]; then outlive_nobody </dev/null >/dev/null 2>&1 & disown; fi
  echo "$bootstrap"
}

# Waits for the owner's end, or for somebody else to have stopped the brokers.
outlive_nobody() {
  while kill -0 "$owner" 2>/dev/null && [[ -f $dir/bootstrap ]]; do sleep 0.5; done
  stop
}

# Back when it has stopped: of many threads, those that find no processor go on until one has seen the
# signal.
pause() {
  kill -STOP "$1"
  while grep -qs '^State:[[:space:]]*[^T[:space:]]' "/proc/$1/task/"*/status; do sleep 0.02; done
}

stop() {
  local file
  for file in "$dir"/*.pid; do
    [[ -f $file ]] || continue
    kill -KILL "$(cat "$file")" 2>/dev/null || true
  done
  rm -rf "$dir"
}

case $verb in
  start) start ;;
  stop) stop ;;
  status)
    [[ -f $dir/bootstrap ]] || fail "nothing runs in $dir" 3
    cat "$dir/bootstrap"
    for file in "$dir"/*.pid; do
      id=$(basename "$file" .pid)
      if alive "$id"; then echo "broker $id: process $(cat "$file")"; else echo "broker $id: down"; fi
    done
    ;;
  allow | forbid)
    [[ ${#words[@]} == 3 ]] || fail "$verb TYPE NAME OPERATION" 2
    change=--add
    resources=()
    for type in ${words[0]//,/ }; do resources+=("--$type" "${words[1]}"); done
    [[ $verb == forbid ]] && change="--remove --force"
    tool org.apache.kafka.tools.AclCommand $change --allow-principal User:sluice \
      "${resources[@]}" --resource-pattern-type prefixed --operation "${words[2]}" >>"$dir/tools.log" 2>&1 ||
      { tail -20 "$dir/tools.log" >&2; fail "the ACL was not changed"; }
    ;;
  topics)
    tool org.apache.kafka.tools.TopicCommand "${words[@]}" || fail "kafka-topics ${words[*]}"
    ;;
  configs)
    tool kafka.admin.ConfigCommand "${words[@]}" || fail "kafka-configs ${words[*]}"
    ;;
  pause) pause "$(cat "$dir/${number:?which broker}.pid")" ;;
  resume) kill -CONT "$(cat "$dir/${number:?which broker}.pid")" ;;
  kill)
    kill -KILL "$(cat "$dir/${number:?which broker}.pid")"
    while alive "$number"; do sleep 0.02; done
    ;;
  restart)
    alive "${number:?which broker}" && fail "broker $number runs"
    launch "$number"
    await "$number"
    ;;
  *)
    sed -n '2,20s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    [[ $verb == -h || $verb == --help ]] && exit 0 || exit 2
    ;;
esac

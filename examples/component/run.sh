#!/usr/bin/env bash
# A database and a web front end behind one owner. A shell function looks after the resources: it
# carries out what is pending (each resource is a file here) and reports. The owner's conditions
# follow, every change in one write. Ends by itself.
#   --build-dir DIR  use what is built there, instead of setting up and building build/release
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../node.sh"

mkdir "$work/resources"
report() { send component/default/shop ReportResource "$1"; }

# One round of looking after: what is pending is done, and told.
look_after() {
  local verb target component id
  while read -r verb target; do
    component=$(cut -d/ -f4 <<<"$target")
    id=$(cut -d/ -f5 <<<"$target")
    say "pending: $verb $component/$id"
    case $verb in
      ApplyResource)
        touch "$work/resources/$component-$id"
        case $id in
          primary) report '{"component":"database","id":"primary","status":"Creating","message":"primary boots"}' ;;
          migrate) report '{"component":"database","id":"migrate","status":"Completed","message":"schema 12"}' ;;
          frontend) report '{"component":"web","id":"frontend","status":"Healthy","message":"2/2 ready","gradable":true,"ready":2,"desired":2}' ;;
        esac
        ;;
      SuspendResource) report "{\"component\":\"$component\",\"id\":\"$id\",\"status\":\"Suspended\",\"message\":\"scaled to none\"}" ;;
      DeleteResource | ReleaseResource)
        rm -f "$work/resources/$component-$id"
        report "{\"component\":\"$component\",\"id\":\"$id\",\"status\":\"Absent\"}"
        ;;
    esac
  done < <(curl -fs "$SLUICE_SERVER/actions?provider=component" | jq -r '.items[] | "\(.verb) \(.target)"')
}
conditions() {
  "$sluice" get binding shop -o json |
    jq -r '.status.conditions[] | select(.type == ("DatabaseReady", "WebReady", "Aggregate")) | "\(.type)=\(.status) \(.reason): \(.message // "")"' |
    indented
}
# shows TYPE STATUS REASON: the owner has that condition.
shows() {
  local found
  found=$("$sluice" get binding shop -o json | jq -r ".status.conditions[] | select(.type == \"$1\") | \"\(.status) \(.reason)\"")
  [[ $found == "$2 $3" ]]
}
expect() { until_true 20 "$1=$2 $3 (is $("$sluice" get binding shop -o json | jq -c '.status.conditions'))" shows "$@"; }
metric() { curl -fs "$SLUICE_SERVER/metrics" | awk -v name="$1" '$1 == name { print $2 }'; }

title "The component comes before its owner: it waits"
apply examples/component/component.yaml
"$sluice" get components | indented
apply examples/component/owner.yaml
expect DatabaseReady False Blocked
conditions

title "The database: its migration waits until the primary says where it is"
look_after
report '{"component":"database","id":"primary","status":"Healthy","message":"1/1 ready","data":{"endpoint":"db:5432"}}'
expect DatabaseReady False TaskPending
look_after
expect DatabaseReady True Healthy
conditions

title "The web front end was held by its prerequisite, and comes up"
look_after
expect WebReady True Healthy
expect Aggregate True Healthy
conditions

title "A replica is lost: past its grace the front end is degraded"
report '{"component":"web","id":"frontend","status":"Failing","message":"1/2 ready","gradable":true,"ready":1,"desired":2}'
expect WebReady False Degraded
conditions

title "The same report again: no write, no event, no new version"
version() { "$sluice" get binding shop -o json | jq -r .metadata.resourceVersion; }
before=$(version)
avoided=$(metric sluice_status_writes_avoided_total)
report '{"component":"web","id":"frontend","status":"Failing","message":"1/2 ready","gradable":true,"ready":1,"desired":2}'
[[ $(version) == "$before" ]] || fail "the owner moved"
[[ $(metric sluice_status_writes_avoided_total) -gt $avoided ]] || fail "nothing was avoided"
say "sluice_status_writes_total $(metric sluice_status_writes_total), avoided $(metric sluice_status_writes_avoided_total)"

title "Suspend, and resume"
send component/default/shop Suspend '{"component":"web"}'
look_after
expect WebReady True Suspended
send component/default/shop Resume '{"component":"web"}'
look_after
expect WebReady True Healthy
conditions

title "Taking it away: the resources, then the conditions; the owner keeps its own"
"$sluice" delete component/shop | indented
look_after
gone() { ! "$sluice" get component shop; }
until_true 20 "the component to go" gone
[[ -z $(ls "$work/resources") ]] || fail "left behind: $(ls "$work/resources")"
none_left() { [[ -z $(conditions) ]]; }
until_true 20 "its conditions to go" none_left
"$sluice" delete binding/shop --wait | indented
printf '\ncomponent: done in %d s\n' "$SECONDS"

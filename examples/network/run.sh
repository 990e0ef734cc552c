#!/usr/bin/env bash
# Two networks out of a small pool: instances get their addresses, one finds none left and says so, and takes the
# address of one that goes; a third network finds no range left, and takes that of one that goes. Ends by itself.
#   --build-dir DIR  use what is built there instead of build/release
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../node.sh"

network() {
  printf '%s\n' 'apiVersion: sluice.dev/v1' 'kind: Network' "metadata: {name: $1}" 'spec: {ipam: {mode: Auto}}' | apply
}
# instance NAME NETWORK: a process that does nothing, with one interface.
instance() {
  apply <<MANIFEST
apiVersion: sluice.dev/v1
kind: Instance
metadata: {name: $1}
spec:
  location: {name: here}
  networkInterfaces: [{network: {name: $2}}]
  runtime: {process: {command: [/bin/sleep, "3600"], terminationGrace: 1s}}
MANIFEST
}
ready() { "$sluice" wait "$1" --for=condition=Ready --timeout=30s | indented; }
of() { "$sluice" get "$1" "$2" -o json | jq -r "$3"; }
address() { of instance "$1" '.status.networkInterfaces[0].assignments.networkIP // ""'; }
condition() { of "$1" "$2" '.status.conditions[] | select(.type == "Ready") | "\(.status) \(.reason): \(.message)"'; }
# says KIND NAME TEXT: its Ready condition holds TEXT.
says() { [[ $(condition "$1" "$2") == *"$3"* ]]; }
has_address() { [[ $(address "$1") == "$2" ]]; }
none_left() { [[ $("$sluice" get "$1" -o json | jq '.items | length') == 0 ]]; }

title "Two networks out of 127.80.0.0/15"
apply <examples/network/manifests.yaml
for name in shop lab; do ready "network/$name"; done
"$sluice" get networks -o wide | indented

title "Five instances in one, one in the other"
for i in 0 1 2 3 4; do instance "web-$i" shop; done
instance probe lab
for name in web-0 web-1 web-2 web-3 web-4 probe; do ready "instance/$name"; done
"$sluice" get subnets -o wide | indented
for name in web-0 web-1 web-2 web-3 web-4 probe; do say "$name has $(address "$name")"; done
held=$(for i in 0 1 2 3 4; do address "web-$i"; done)
[[ $(sort -u <<<"$held" | wc -l) == 5 ]] || fail "two instances have one address"

title "A sixth: the subnet is full, and so is its network's share of this location"
instance web-5 shop
until_true 20 "the refusal" says instance web-5 AddressPoolExhausted
say "web-5: $(condition instance web-5)"
[[ -z $(address web-5) ]] || fail "web-5 has an address that is somebody's"

title "One of the five goes: the sixth gets its address"
freed=$(address web-2)
"$sluice" delete instance/web-2 --wait | indented
until_true 30 "web-5 to get $freed" has_address web-5 "$freed"
ready instance/web-5
say "web-5 has $freed"

title "A third network: the pool has no range left"
network archive
until_true 20 "the refusal" says network archive AddressPoolExhausted
say "archive: $(condition network archive)"

title "One of the two is to go, and is held"
"$sluice" delete network/lab | indented
until_true 20 "its holders" says network lab RangeOccupied
say "lab: $(condition network lab)"
until_true 20 "archive to wait still" says network archive AddressPoolExhausted
"$sluice" delete instance/probe --wait | indented
lab_is_gone() { ! "$sluice" get network lab; }
until_true 30 "lab to go" lab_is_gone
ready network/archive
"$sluice" get networks -o wide | indented

title "All goes, in whatever order, and nothing of it is left"
"$sluice" delete network/shop network/archive | indented
for name in web-0 web-1 web-3 web-4 web-5; do "$sluice" delete "instance/$name" --wait | indented; done
for kind in networks networkcontexts networkbindings subnetclaims subnets; do until_true 30 "the $kind to go" none_left "$kind"; done
say "no networks, contexts, bindings, claims or subnets"
printf '\nexamples/network: done in %d s\n' "$SECONDS"

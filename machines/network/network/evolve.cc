#include "machines/network/holding/hold.h"
#include "machines/network/network/network.h"

namespace sluice {
namespace {

using M = NetworkMachine;

std::string ContextKeyText(const Network& network, const std::string& name) {
  return EntityKey{"networkcontext", network.metadata.namespace_, name}.ToString();
}

NetworkContextItem ContextItem(const Network& network, const std::string& location) {
  return network.items.Get<NetworkContextItem>(M::kContexts, location)
      .value_or(NetworkContextItem{});
}

void ShowRanges(Network& network) {
  network.status.ipv4_range = HeldPrefix(network.own.holds, "IPv4");
  network.status.ipv6_range = HeldPrefix(network.own.holds, "IPv6");
}

}  // namespace

std::string NetworkBindingItemKey(std::string_view location, std::string_view binding) {
  return std::string(location) + '\0' + std::string(binding);
}

// What was refused under the old spec says nothing of the new one.
void Evolve(Network& network, const NetworkSpecChanged&) {
  network.status.retry = {};
  std::erase_if(network.own.holds,
                [](const PrefixHold& hold) { return !hold.asked && hold.prefix.empty(); });
}

void Evolve(Network& network, const NetworkAllocated&) {
  network.status.phase = NetworkPhase::kReady;
}

void Evolve(Network& network, const NetworkContextAdded& event) {
  NetworkContextItem item = ContextItem(network, event.location);
  if (!item.name.empty()) {
    network.items.Erase<ReferenceItem>(M::kContextNames, ContextKeyText(network, item.name));
    network.items.Erase<ReferenceItem>(M::kOutcomes, BigEndianKey(item.outcome));
  }
  item.name = event.name;
  item.uid.clear();
  item.outcome = event.outcome;
  item.taken = event.taken;
  item.confirmed = false;
  item.retired = false;
  if (network.items.Put(M::kContexts, event.location, item)) ++network.status.contexts;
  network.items.Put(M::kContextNames, ContextKeyText(network, item.name),
                    ReferenceItem{.key = event.location});
  network.items.Put(M::kOutcomes, BigEndianKey(event.outcome),
                    ReferenceItem{.key = event.location});
}

void Evolve(Network& network, const NetworkContextConfirmed& event) {
  NetworkContextItem item = ContextItem(network, event.location);
  network.items.Erase<ReferenceItem>(M::kOutcomes, BigEndianKey(item.outcome));
  item.outcome = 0;
  item.uid = event.uid;
  item.confirmed = true;
  item.retired = item.retired && item.bindings == 0;
  network.items.Put(M::kContexts, event.location, item);
}

void Evolve(Network& network, const NetworkContextRetired& event) {
  NetworkContextItem item = ContextItem(network, event.location);
  item.retired = true;
  network.items.Put(M::kContexts, event.location, item);
}

// Its bindings are still counted under its location, in an item without a name.
void Evolve(Network& network, const NetworkContextRemoved& event) {
  NetworkContextItem item = ContextItem(network, event.location);
  network.items.Erase<ReferenceItem>(M::kOutcomes, BigEndianKey(item.outcome));
  network.items.Erase<ReferenceItem>(M::kContextNames, ContextKeyText(network, item.name));
  --network.status.contexts;
  if (item.bindings == 0) {
    network.items.Erase<NetworkContextItem>(M::kContexts, event.location);
  } else {
    network.items.Put(M::kContexts, event.location,
                      NetworkContextItem{.bindings = item.bindings, .retired = true});
  }
}

void Evolve(Network& network, const NetworkBindingJoined& event) {
  if (!network.items.Put(M::kBindings, NetworkBindingItemKey(event.location, event.binding),
                         NetworkBindingItem{.binding = event.binding})) {
    return;
  }
  ++network.status.bindings;
  NetworkContextItem item = ContextItem(network, event.location);
  ++item.bindings;
  network.items.Put(M::kContexts, event.location, item);
}

void Evolve(Network& network, const NetworkBindingLeft& event) {
  if (!network.items.Erase<NetworkBindingItem>(
          M::kBindings, NetworkBindingItemKey(event.location, event.binding))) {
    return;
  }
  --network.status.bindings;
  NetworkContextItem item = ContextItem(network, event.location);
  --item.bindings;
  if (item.bindings == 0 && item.name.empty()) {
    network.items.Erase<NetworkContextItem>(M::kContexts, event.location);
  } else {
    network.items.Put(M::kContexts, event.location, item);
  }
}

void Evolve(Network& network, const NetworkHoldersChanged& event) {
  network.status.holders = event.holders;
}

void Evolve(Network& network, const PrefixAsked& event) { EvolveHold(network.own.holds, event); }

void Evolve(Network& network, const PrefixHeld& event) {
  EvolveHold(network.own.holds, event);
  ShowRanges(network);
}

void Evolve(Network& network, const PrefixDenied& event) { EvolveHold(network.own.holds, event); }

void Evolve(Network& network, const PrefixReturned& event) {
  EvolveHold(network.own.holds, event);
  ShowRanges(network);
}

void Evolve(Network& network, const PrefixAssigned& event) {
  EvolveAssigned(network.items, network.own.assigned, event);
}

void Evolve(Network& network, const PrefixUnassigned& event) {
  EvolveUnassigned(network.items, network.own.assigned, event);
}

void Evolve(Network& network, const RetryChanged& event) { network.status.retry = event.retry; }

void Evolve(Network& network, const CascadeRequested&) { network.own.cascade = true; }

}  // namespace sluice

// The contexts of a network: one per location that is bound, made with the first binding, asked to
// go with the last, made again when one is bound while it goes.
#include "machines/common/names.h"
#include "machines/common/observed.h"
#include "machines/network/holding/cascade.h"
#include "machines/network/holding/hold.h"
#include "machines/network/network/network.h"

namespace sluice {
namespace {

using M = NetworkMachine;

EntityKey ContextKey(const Draft<M>& draft, const std::string& name) {
  return {"networkcontext", draft.context().self.namespace_, name};
}

// Asks for a context under its name, or the next one after names that are another's.
void CreateContext(Draft<M>& draft, const std::string& location, uint32_t taken) {
  const std::string& network = draft.context().self.name;
  std::vector<std::string> parts = {network, location};
  std::string name = DerivedName(parts);
  if (taken > 0) {
    if (taken > 1) parts.push_back(std::to_string(taken));
    name = DerivedNameWithHash(parts);
  }
  NetworkContextCreate create;
  create.spec.network.name = network;
  create.spec.location.name = location;
  create.owner = OwnerReference{.kind = std::string(M::kName),
                                .namespace_ = draft.context().self.namespace_,
                                .name = network,
                                .uid = draft->metadata.uid};
  const uint64_t outcome = draft.SendForOutcome(ContextKey(draft, name), std::move(create));
  draft.Emit(
      NetworkContextAdded{.location = location, .name = name, .outcome = outcome, .taken = taken});
}

void DeleteContext(Draft<M>& draft, const NetworkContextItem& item) {
  draft.Send(ContextKey(draft, item.name),
             Delete{.expected_uid = item.uid, .cascade = draft->own.cascade});
}

// Tells a share of a location's bindings the context's name.
void TellShare(Draft<M>& draft, const std::string& location, const std::string& cursor) {
  const auto context = draft->items.Get<NetworkContextItem>(M::kContexts, location);
  if (!context || !context->confirmed || context->retired) return;
  const std::string prefix = NetworkBindingItemKey(location, "");
  const std::string from = cursor.empty() ? prefix : cursor + '\0';
  const auto share = draft->items.Scan<NetworkBindingItem>(M::kBindings, from, kCascadeShare);
  for (const auto& [key, item] : share) {
    if (!key.starts_with(prefix)) return;
    draft.Send(KeyOrDie(item.binding),
               ContextEnsured{.network = draft.context().self.name, .context = context->name});
  }
  if (share.size() == kCascadeShare) {
    draft.Send(draft.context().self,
               TellBindings{.location = location, .cursor = share.back().first});
  }
}

void Refuse(Draft<M>& draft, const EnsureContext& command, const char* reason,
            const std::string& message) {
  draft.Send(
      KeyOrDie(command.binding),
      ContextRefused{.network = draft.context().self.name, .reason = reason, .message = message});
}

}  // namespace

DecideResult Decide(const Network& network, const EnsureContext& command,
                    const DecideContext& context) {
  Draft<M> draft(network, context);
  const std::string self = context.self.namespace_ + "/" + context.self.name;
  if (!network.Exists()) {
    Refuse(draft, command, "NetworkNotFound", "Network " + self + " not found");
    return draft.Take();
  }
  if (network.IsDeleting()) {
    Refuse(draft, command, "Deleting", "Network " + self + " is being deleted");
    return draft.Take();
  }
  if (!network.items.Has(M::kContexts, command.location)) {
    CreateContext(draft, command.location, 0);
  }
  if (!network.items.Has(M::kBindings, NetworkBindingItemKey(command.location, command.binding))) {
    draft.Emit(NetworkBindingJoined{.binding = command.binding, .location = command.location});
  }
  const auto item = draft->items.Get<NetworkContextItem>(M::kContexts, command.location);
  // Also while it goes: then the binding sees what keeps it, and the next incarnation when it is
  // there.
  if (item->confirmed) {
    draft.Send(KeyOrDie(command.binding),
               ContextEnsured{.network = context.self.name, .context = item->name});
  }
  return draft.Take();
}

DecideResult Decide(const Network& network, const ReleaseContext& command,
                    const DecideContext& context) {
  Draft<M> draft(network, context);
  if (!network.Exists() ||
      !network.items.Has(M::kBindings, NetworkBindingItemKey(command.location, command.binding))) {
    return draft.Take();
  }
  draft.Emit(NetworkBindingLeft{.binding = command.binding, .location = command.location});
  const auto item = draft->items.Get<NetworkContextItem>(M::kContexts, command.location);
  if (item && item->bindings == 0 && !item->retired) {
    draft.Emit(NetworkContextRetired{.location = command.location});
    // Before the Outcome it is not known to be ours; then that deletes it.
    if (item->confirmed) DeleteContext(draft, *item);
  }
  if (network.IsDeleting()) M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Network& network, const TellBindings& command,
                    const DecideContext& context) {
  Draft<M> draft(network, context);
  TellShare(draft, command.location, command.cursor);
  return draft.Take();
}

// Of a Create, or of a request to the pool.
DecideResult Decide(const Network& network, const Outcome& outcome, const DecideContext& context) {
  Draft<M> draft(network, context);
  const auto created = network.items.Get<ReferenceItem>(M::kOutcomes, BigEndianKey(outcome.number));
  if (!created) {
    if (network.IsDeleting() || !TakeHoldOutcome(draft, outcome)) return Ignore();
    M::Settle(draft);
    return draft.Take();
  }
  const std::string& location = created->key;
  const auto item = network.items.Get<NetworkContextItem>(M::kContexts, location);
  if (outcome.accepted) {
    draft.Emit(NetworkContextConfirmed{.location = location, .uid = outcome.uid});
    const auto now = draft->items.Get<NetworkContextItem>(M::kContexts, location);
    if (now->retired) {
      DeleteContext(draft, *now);
    } else {
      TellShare(draft, location, "");
    }
  } else if (item->bindings == 0) {
    draft.Emit(NetworkContextRemoved{.location = location});
  } else {
    CreateContext(draft, location, item->taken + 1);
  }
  if (network.IsDeleting()) M::Settle(draft);
  return draft.Take();
}

// A context is gone: for good, or until its next incarnation when it was bound meanwhile.
DecideResult Decide(const Network& network, const Observed& seen, const DecideContext& context) {
  const auto location = network.items.Get<ReferenceItem>(M::kContextNames, seen.subject);
  if (!location || !IsGone(seen)) return Ignore();
  const auto item = network.items.Get<NetworkContextItem>(M::kContexts, location->key);
  if (!item->confirmed) return Ignore();
  Draft<M> draft(network, context);
  if (item->bindings > 0 && !network.IsDeleting()) {
    CreateContext(draft, location->key, item->taken);
  } else {
    draft.Emit(NetworkContextRemoved{.location = location->key});
  }
  if (network.IsDeleting()) M::Settle(draft);
  return draft.Take();
}

// First the bindings, then whoever holds a block. Bindings lie below the byte 'b', blocks below
// 'p'.
void NetworkMachine::Cascade(Draft<NetworkMachine>& draft, const std::string& cursor) {
  if (!draft->own.cascade) return;
  if (cursor.empty() || cursor.front() == 'b') {
    const std::string from = cursor.empty() ? "" : cursor.substr(1) + '\0';
    const auto share = draft->items.Scan<NetworkBindingItem>(kBindings, from, kCascadeShare);
    for (const auto& [key, item] : share) draft.Send(KeyOrDie(item.binding), Delete{});
    const bool more = share.size() == kCascadeShare;
    draft.Send(draft.context().self,
               ContinueCascade{.cursor = more ? "b" + share.back().first : "p"});
    return;
  }
  const std::string from = cursor.size() == 1 ? "" : cursor.substr(1) + '\0';
  const auto share = draft->items.Scan<ReferenceItem>(kContextNames, from, kCascadeShare);
  for (const auto& [key, item] : share) {
    const auto context = draft->items.Get<NetworkContextItem>(kContexts, item.key);
    if (context && context->confirmed) DeleteContext(draft, *context);
  }
  if (share.size() == kCascadeShare) {
    draft.Send(draft.context().self, ContinueCascade{.cursor = "p" + share.back().first});
    return;
  }
  // Contexts made by hand are nobody's child, and hold blocks all the same.
  for (const std::string family : {"IPv4", "IPv6"}) {
    for (const std::string& holder : HoldersOf(draft->items, family, kCascadeShare)) {
      if (draft->items.Has(kContextNames, holder)) continue;
      draft.Send(KeyOrDie(holder), Delete{.cascade = true});
    }
  }
}

DecideResult Decide(const Network& network, const ContinueCascade& command,
                    const DecideContext& context) {
  Draft<M> draft(network, context);
  if (network.IsDeleting()) M::Cascade(draft, command.cursor);
  return draft.Take();
}

}  // namespace sluice

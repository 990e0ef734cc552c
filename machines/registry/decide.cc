#include "events/sha256.h"
#include "machines/registry/registry.h"

namespace sluice {
namespace {

// A claimant is the entity that sent the command, so nobody claims for another.
std::string Claimant(const DecideContext& context) { return context.sender; }

std::string WaiterPrefix(std::string_view key) { return std::string(key) + '\0'; }

struct Waiter {
  uint64_t number = 0;
  WaiterItem item;
};

uint64_t NumberOf(std::string_view waiter_key) {
  uint64_t number = 0;
  for (char c : waiter_key.substr(waiter_key.size() - 8)) {
    number = (number << 8) | static_cast<unsigned char>(c);
  }
  return number;
}

// Bounded by those waiting for this one key.
std::optional<Waiter> FindWaiter(const Registry& registry, const std::string& key,
                                 std::string_view holder) {
  std::optional<Waiter> found;
  const std::string prefix = WaiterPrefix(key);
  registry.items.ScanBytes(RegistryMachine::kWaiters, prefix,
                           [&](std::string_view at, std::string_view bytes) {
                             if (!at.starts_with(prefix)) return false;
                             Result<WaiterItem> item = Unpack<WaiterItem>(bytes);
                             if (!item) throw LoadFailure("waiter: " + item.error().message);
                             if (!holder.empty() && item->holder != holder) return true;
                             found = Waiter{NumberOf(at), std::move(*item)};
                             return false;
                           });
  return found;
}

void Answer(Draft<RegistryMachine>& draft, const std::string& key, const std::string& claimant,
            const std::string& uid, bool granted, const std::string& holder) {
  draft.Send(KeyOrDie(claimant), ClaimAnswered{.registry = draft.context().self.ToString(),
                                               .key = key,
                                               .granted = granted,
                                               .holder = holder,
                                               .uid = uid});
}

}  // namespace

void CreateIfAbsent(Draft<RegistryMachine>& draft) {
  if (draft->Exists()) return;
  draft.Emit(RegistryCreated{.uid = UidFromOrigin(draft.context().origin),
                             .labels = {},
                             .annotations = {},
                             .owner = {},
                             .spec = {}});
}

DecideResult Decide(const Registry& registry, const ClaimKey& command,
                    const DecideContext& context) {
  Draft<RegistryMachine> draft(registry, context);
  CreateIfAbsent(draft);
  const std::string claimant = Claimant(context);
  const auto held = registry.items.Get<ClaimItem>(RegistryMachine::kClaims, command.key);
  if (!held || held->holder == claimant) {
    if (!held || held->uid != command.uid) {
      draft.Emit(KeyClaimed{.key = command.key, .holder = claimant, .uid = command.uid});
    }
    Answer(draft, command.key, claimant, command.uid, true, claimant);
    return draft.Take();
  }
  if (!FindWaiter(registry, command.key, claimant)) {
    draft.Emit(ClaimQueued{.key = command.key, .holder = claimant, .uid = command.uid});
  }
  Answer(draft, command.key, claimant, command.uid, false, held->holder);
  return draft.Take();
}

// One that was made for claims and whose last one is given up: it is made anew for the next. What
// somebody watches, or has labelled, stays.
void EndIfUnused(Draft<RegistryMachine>& draft) {
  const Metadata& metadata = draft->metadata;
  const bool holds_anything = draft->items.hash_sum() != Hash128{};
  if (holds_anything || !metadata.labels.empty() || !metadata.annotations.empty()) return;
  if (draft->IsDeleting()) return;
  draft.Emit(DeletionRequested{.at = draft.context().time});
  draft.Emit(EntityDeleted{});
}

DecideResult Decide(const Registry& registry, const ReleaseKey& command,
                    const DecideContext& context) {
  Draft<RegistryMachine> draft(registry, context);
  const std::string claimant = Claimant(context);
  if (const auto waiting = FindWaiter(registry, command.key, claimant)) {
    draft.Emit(ClaimUnqueued{.key = command.key, .holder = claimant, .number = waiting->number});
  }
  const auto held = registry.items.Get<ClaimItem>(RegistryMachine::kClaims, command.key);
  if (!held || held->holder != claimant) return draft.Take();
  draft.Emit(KeyReleased{.key = command.key, .holder = claimant});
  if (const auto next = FindWaiter(draft.state(), command.key, "")) {
    draft.Emit(
        ClaimUnqueued{.key = command.key, .holder = next->item.holder, .number = next->number});
    draft.Emit(KeyClaimed{.key = command.key, .holder = next->item.holder, .uid = next->item.uid});
    Answer(draft, command.key, next->item.holder, next->item.uid, true, next->item.holder);
  }
  EndIfUnused(draft);
  return draft.Take();
}

DecideResult Decide(const Registry& registry, const JoinRegistry& command,
                    const DecideContext& context) {
  Draft<RegistryMachine> draft(registry, context);
  CreateIfAbsent(draft);
  const MemberItem joining{.uid = command.uid, .labels = command.labels};
  const auto present = registry.items.Get<MemberItem>(RegistryMachine::kMembers, Claimant(context));
  if (!present || !(*present == joining)) {
    draft.Emit(
        MemberJoined{.member = Claimant(context), .uid = command.uid, .labels = command.labels});
    if (!command.labels.empty()) {
      draft.Emit(MemberIndexed{.member = Claimant(context), .labels = command.labels});
    }
  }
  return draft.Take();
}

DecideResult Decide(const Registry& registry, const LeaveRegistry&, const DecideContext& context) {
  Draft<RegistryMachine> draft(registry, context);
  if (registry.items.Has(RegistryMachine::kMembers, Claimant(context))) {
    draft.Emit(MemberLeft{.member = Claimant(context)});
  }
  return draft.Take();
}

// Bounded by what is asked for, not by the members there are.
DecideResult Decide(const Registry& registry, const FindMembers& command,
                    const DecideContext& context) {
  MembersFound found{.registry = context.self.ToString(),
                     .count = registry.status.members,
                     .version = registry.status.membership_version};
  for (const std::string& value : command.values) {
    const std::string prefix = LabelKey(command.label, value);
    const auto first =
        registry.items.Scan<ReferenceItem>(RegistryMachine::kMembersByLabel, prefix, /*limit=*/1);
    if (first.empty() || !first.front().first.starts_with(prefix)) continue;
    found.matches.push_back({.value = value, .member = first.front().second.key});
  }
  for (const std::string& member : command.members) {
    if (registry.items.Has(RegistryMachine::kMembers, member)) found.members.push_back(member);
  }
  Decided decided;
  decided.Send(KeyOrDie(Claimant(context)), std::move(found));
  return decided;
}

DecideResult Decide(const Registry& registry, const Delete& command, const DecideContext& context) {
  const RegistryStatus& status = registry.status;
  if (registry.Exists() && status.claims + status.members + status.ranges > 0) {
    return Reject(Rejection::FailedPrecondition(
        "status", fmt::format("{} has {} claims, {} members and {} ranges", context.self.ToString(),
                              status.claims, status.members, status.ranges)));
  }
  return DecideGeneric<RegistryMachine>(registry, command, context);
}

AnyTable RegistryMachine::Detail(const State& state) {
  return AnyTable::Of(
      RegistryDetail{.members = state.status.members, .version = state.status.membership_version});
}

EntityKey LocationsRegistry(std::string_view namespace_) {
  return {"registry", std::string(namespace_), "locations"};
}

EntityKey BindingKeyRegistry(std::string_view namespace_, std::string_view binding_key) {
  return {"registry", std::string(namespace_),
          "bindingkey-" + Sha256Hex(binding_key).substr(0, 32)};
}

EntityKey AddressPoolRegistry(std::string_view name) {
  return {"registry", "sluice-system", "addresspool-" + std::string(name)};
}

const KindInfo& RegistryKind() {
  static const KindInfo kind = DefineKind<RegistryMachine>();
  return kind;
}

}  // namespace sluice

// What follows from a network's state: requests to the pool, conditions, phase, and its end.
#include <algorithm>

#include "machines/common/stuck.h"
#include "machines/network/holding/cascade.h"
#include "machines/network/holding/hold.h"
#include "machines/network/network/network.h"
#include "machines/registry/registry.h"

namespace sluice {
namespace {

using M = NetworkMachine;

constexpr uint32_t kMtuDefault = 1460;
constexpr uint32_t kMtuMin = 1300;
constexpr uint32_t kMtuMax = 8856;

const std::string& GivenRange(const NetworkSpec& spec, const std::string& family) {
  return family == "IPv4" ? spec.ipam.ipv4_range : spec.ipam.ipv6_range;
}

void ValidateRange(const NetworkSpec& spec, const std::string& family, const char* path,
                   FieldErrors& errors) {
  const std::string& text = GivenRange(spec, family);
  const bool wanted = std::count(spec.ip_families.begin(), spec.ip_families.end(), family) != 0;
  if (text.empty()) {
    if (wanted && spec.ipam.mode == IpamMode::kPolicy) {
      errors.Add(path, "is required with mode Policy and family " + family);
    }
    return;
  }
  if (!wanted) return errors.Add(path, "is given, but spec.ipFamilies has no " + family);
  const auto prefix = Prefix::Parse(text);
  if (!prefix) return errors.Add(path, prefix.error());
  if (ToString(prefix->family()) != family) errors.Add(path, text + " is no " + family + " range");
}

void AskRanges(Draft<M>& draft) {
  const ClusterConfigSpec& settings = draft.context().Settings();
  const std::vector<std::string> families = draft->spec.ip_families;
  for (const std::string& family : families) {
    const bool v4 = family == "IPv4";
    const std::string exact = GivenRange(draft->spec, family);
    const uint32_t context_length =
        v4 ? settings.context_ipv4_length : settings.context_ipv6_length;
    const PrefixHold* hold = FindHold(draft->own.holds, family);
    const auto range = Prefix::Parse(exact);
    if (!exact.empty() && range && static_cast<uint32_t>(range->length()) > context_length) {
      if (!hold && !draft->status.retry.next_time.IsSet()) {
        DenyPrefix(draft, family, kRangeUnsupported,
                   fmt::format("{} has no room for the /{} of a context", exact, context_length));
      }
      continue;
    }
    AskPrefix(draft, AddressPoolRegistry("default"), family,
              v4 ? settings.network_ipv4_length : settings.network_ipv6_length, exact);
  }
}

void SettleConditions(Draft<M>& draft) {
  const auto set = [&](ConditionStatus status, const std::string& reason,
                       const std::string& message) {
    draft.SetCondition("IPAMAllocated", status, reason, message);
    draft.SetCondition("Ready", status, reason, message);
  };
  if (HoldsAll(draft->own.holds, draft->spec.ip_families)) {
    std::string ranges;
    for (const PrefixHold& hold : draft->own.holds) {
      ranges += (ranges.empty() ? "" : ", ") + hold.prefix;
    }
    set(ConditionStatus::kTrue, "Allocated", "Allocated " + ranges);
    if (draft->status.phase == NetworkPhase::kPending) draft.Emit(NetworkAllocated{});
  } else if (const PrefixHold* denied = FirstDenied(draft->own.holds)) {
    const PrefixHold why = *denied;
    set(ConditionStatus::kFalse, why.reason, why.message);
  }
}

std::vector<std::string> NamedHolders(const Network& network) {
  std::vector<std::string> holders;
  for (const auto& [key, item] :
       network.items.Scan<NetworkBindingItem>(M::kBindings, "", kHoldersNamed)) {
    holders.push_back(item.binding);
  }
  for (const auto& [key, item] :
       network.items.Scan<ReferenceItem>(M::kContextNames, "", kHoldersNamed)) {
    if (holders.size() < kHoldersNamed) holders.push_back(key);
  }
  // A context made by hand holds a block without a binding of ours.
  for (const std::string family : {"IPv4", "IPv6"}) {
    for (std::string& holder : HoldersOf(network.items, family, kHoldersNamed)) {
      const bool named = std::count(holders.begin(), holders.end(), holder) != 0;
      if (!named && holders.size() < kHoldersNamed) holders.push_back(std::move(holder));
    }
  }
  return holders;
}

void SettleDeletion(Draft<M>& draft) {
  const std::vector<std::string> holders = NamedHolders(draft.state());
  if (holders != draft->status.holders) draft.Emit(NetworkHoldersChanged{.holders = holders});
  if (draft->status.bindings == 0 && draft->status.contexts == 0 && draft->own.assigned == 0) {
    ReturnPrefixes(draft, AddressPoolRegistry("default"));
    draft.Emit(EntityDeleted{});
    return;
  }
  // Those who hold it observe the condition: were they named there, each that goes would be told to
  // all that are left.
  draft.SetCondition("Ready", ConditionStatus::kFalse, kRangeOccupied,
                     "It is held; status.holders says by whom");
  SettleStuck(draft, "holders to go", draft->metadata.deletion_timestamp);
}

}  // namespace

void NetworkMachine::Default(NetworkSpec& spec, const DecideContext&) {
  if (spec.ip_families.empty()) spec.ip_families = {"IPv4"};
  if (spec.mtu == 0) spec.mtu = kMtuDefault;
}

void NetworkMachine::Validate(const NetworkSpec& spec, FieldErrors& errors) {
  for (size_t i = 0; i < spec.ip_families.size(); ++i) {
    const std::string& family = spec.ip_families[i];
    const std::string path = fmt::format("spec.ipFamilies[{}]", i);
    if (family != "IPv4" && family != "IPv6") {
      errors.Add(path, "'" + family + "' is neither IPv4 nor IPv6");
    }
    if (std::count(spec.ip_families.begin(), spec.ip_families.begin() + static_cast<long>(i),
                   family) != 0) {
      errors.Add(path, family + " is there twice");
    }
  }
  if (spec.mtu < kMtuMin || spec.mtu > kMtuMax) {
    errors.Add("spec.mtu", fmt::format("is {}, not {} to {}", spec.mtu, kMtuMin, kMtuMax));
  }
  ValidateRange(spec, "IPv4", "spec.ipam.ipv4Range", errors);
  ValidateRange(spec, "IPv6", "spec.ipam.ipv6Range", errors);
}

void NetworkMachine::Settle(Draft<NetworkMachine>& draft) {
  if (draft->IsDeleting()) return SettleDeletion(draft);
  AskRanges(draft);
  SettleConditions(draft);
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  const Condition* ready = FindCondition(draft->status.conditions, "Ready");
  const bool waits = draft->status.phase == NetworkPhase::kPending;
  SettleStuck(draft, waits ? "an address range" : "", ready->last_transition_time);
}

AnyTable NetworkMachine::Detail(const State& state) {
  NetworkDetail detail{.ip_families = state.spec.ip_families,
                       .ipv4_range = state.status.ipv4_range,
                       .ipv6_range = state.status.ipv6_range,
                       .mtu = state.spec.mtu,
                       .failure_reason = "",
                       .failure_message = ""};
  if (const PrefixHold* denied = FirstDenied(state.own.holds)) {
    detail.failure_reason = denied->reason;
    detail.failure_message = denied->message;
  }
  return AnyTable::Of(std::move(detail));
}

std::vector<Column> NetworkMachine::Columns() {
  return {{"READY", "status.conditions[type=Ready].status"},
          {"REASON", "status.conditions[type=Ready].reason"},
          {"IPV4", "status.ipv4Range"},
          {"IPV6", "status.ipv6Range", true},
          {"MTU", "spec.mtu", true},
          {"CONTEXTS", "status.contexts", true}};
}

const KindInfo& NetworkKind() {
  static const KindInfo kind = DefineKind<NetworkMachine>();
  return kind;
}

}  // namespace sluice

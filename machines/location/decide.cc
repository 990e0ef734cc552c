#include "machines/common/condition_writes.h"
#include "machines/common/holders.h"
#include "machines/common/stuck.h"
#include "machines/location/location.h"
#include "machines/registry/registry.h"

namespace sluice {
namespace {

constexpr std::string_view kSystemNamespace = "sluice-system";

// Both name who asks; a lease without a name could never be told from another's.
std::optional<Rejection> FaultOfAsker(const std::string& provider, const std::string& holder) {
  FieldErrors errors;
  if (provider.empty()) errors.Add("payload.provider", "is required");
  if (holder.empty()) errors.Add("payload.holder", "is required");
  if (errors.empty()) return std::nullopt;
  return errors.ToRejection(RejectionCode::kInvalidArgument);
}

// Why this provider may not serve the location at all.
std::optional<Rejection> FaultOfProvider(const Location& location, const std::string& provider,
                                         const DecideContext& context) {
  if (location.spec.provider == provider) return std::nullopt;
  return Rejection::FailedPrecondition(
      "spec.provider",
      location.spec.provider.empty()
          ? fmt::format("{} names no provider; set spec.provider to {}", context.self.ToString(),
                        provider)
          : fmt::format("{} is served by provider {}, not {}", context.self.ToString(),
                        location.spec.provider, provider));
}

// Whoever is at a location, or puts instances there, observes it.
std::vector<std::string> HoldersOf(const Location& location) {
  std::vector<std::string> holders;
  location.items.ScanBytes(kObservers, "", [&](std::string_view key, std::string_view) {
    if (IsConditionWatcher(key)) return true;
    if (holders.size() == kHoldersNamed) return false;
    holders.emplace_back(key);
    return true;
  });
  return holders;
}

// It leaves the registry at once, so that nothing is scheduled here any more, and stays for the
// instances it has and the deployments that make some here: without it nobody would run, report of
// or stop them.
void SettleDeletion(Draft<LocationMachine>& draft) {
  constexpr std::string_view kDeleting = "Deleting";
  if (FindCondition(draft->status.conditions, "Ready")->reason != kDeleting) {
    draft.Send(LocationsRegistry(draft.context().self.namespace_), LeaveRegistry{});
  }
  std::vector<std::string> holders = HoldersOf(draft.state());
  const bool stays = !holders.empty() && draft.MayWrite<ContinueDeletion>();
  if (!stays) return draft.Emit(EntityDeleted{});
  // They observe the condition: who they are stands elsewhere, or each that leaves would be told to
  // all that are left.
  draft.SetCondition("Ready", ConditionStatus::kFalse, std::string(kDeleting),
                     "It is held; status.holders says by whom");
  if (draft->status.holders != holders)
    draft.Emit(LocationHoldersChanged{.holders = std::move(holders)});
  SettleStuck(draft, "holders to go", draft->metadata.deletion_timestamp);
}

}  // namespace

DecideResult Decide(const Location& location, const AcquireLease& command,
                    const DecideContext& context) {
  if (auto fault = FaultOfAsker(command.provider, command.holder)) return Reject(*fault);
  Draft<LocationMachine> draft(location, context);
  if (!location.Exists()) {
    // Providers of kinds without a location keep their lease here (design: providers).
    if (context.self.namespace_ != kSystemNamespace) {
      return Reject(Rejection::NotFound(context.self.ToString() + " does not exist"));
    }
    FieldErrors errors;
    ValidateKey(context.self, errors);
    if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
    LocationCreated created{.uid = UidFromOrigin(context.origin)};
    created.spec.provider = command.provider;
    draft.Emit(std::move(created));
  }
  if (auto fault = FaultOfProvider(draft.state(), command.provider, context)) {
    return Reject(*fault);
  }
  const LocationLease& lease = draft->status.lease;
  if (!lease.holder.empty() && lease.holder != command.holder) {
    return Reject(Rejection::FailedPrecondition(
        "status.lease.holder",
        fmt::format("{} has the lease since {}, term {}; when its host is known to be stopped: "
                    "sluice provider take-over {}/{}",
                    lease.holder, FormatTime(lease.acquired_at), lease.term,
                    context.self.namespace_, context.self.name)));
  }
  const uint64_t term = draft->last_term + 1;
  draft.Emit(LeaseAcquired{.provider = command.provider, .holder = command.holder, .term = term});
  LocationMachine::Settle(draft);
  draft.Reply(LeaseGranted{.term = term, .holder = command.holder});
  return draft.Take();
}

DecideResult Decide(const Location& location, const TakeOverLease& command,
                    const DecideContext& context) {
  if (auto fault = FaultOfAsker(command.provider, command.holder)) return Reject(*fault);
  if (auto fault = FaultOfProvider(location, command.provider, context)) return Reject(*fault);
  Draft<LocationMachine> draft(location, context);
  const uint64_t term = location.last_term + 1;
  draft.Emit(LeaseTakenOver{.provider = command.provider,
                            .holder = command.holder,
                            .term = term,
                            .former_holder = location.status.lease.holder});
  LocationMachine::Settle(draft);
  draft.Reply(LeaseGranted{.term = term, .holder = command.holder});
  return draft.Take();
}

DecideResult Decide(const Location& location, const ReleaseLease& command,
                    const DecideContext& context) {
  const LocationLease& lease = location.status.lease;
  const bool present = !lease.holder.empty() && lease.holder == command.holder &&
                       (command.term == 0 || command.term == lease.term);
  if (!present) return Ignore();
  Draft<LocationMachine> draft(location, context);
  draft.Emit(LeaseReleased{.holder = lease.holder, .term = lease.term});
  LocationMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Location& location, const ContinueDeletion&,
                    const DecideContext& context) {
  if (!location.IsDeleting()) return Ignore();
  Draft<LocationMachine> draft(location, context);
  LocationMachine::Settle(draft);
  return draft.Take();
}

void LocationMachine::Validate(const LocationSpec& spec, FieldErrors& errors) {
  if (spec.provider.empty()) return;
  if (auto fault = DnsLabelFault(spec.provider)) errors.Add("spec.provider", *fault);
}

// What runs there is the provider's; another one would not know of it.
// An upstream manifest knows no provider of ours: applying it again takes none away.
void LocationMachine::KeepPresent(LocationSpec& spec, const LocationSpec& present) {
  if (spec.provider.empty()) spec.provider = present.provider;
}

void LocationMachine::CheckImmutable(const LocationSpec& before, const LocationSpec& after,
                                     FieldErrors& errors) {
  if (!before.provider.empty() && before.provider != after.provider) {
    errors.Add("spec.provider", "cannot change from " + before.provider);
  }
}

void LocationMachine::Settle(Draft<LocationMachine>& draft) {
  if (draft->IsDeleting()) return SettleDeletion(draft);
  const EntityKey registry = LocationsRegistry(draft.context().self.namespace_);
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Send(registry, JoinRegistry{.uid = draft->metadata.uid, .labels = draft->spec.topology});
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  const LocationLease& lease = draft->status.lease;
  if (lease.holder.empty()) {
    draft.SetCondition("Ready", ConditionStatus::kFalse, "NoProvider",
                       "no provider holds the lease");
  } else {
    draft.SetCondition("Ready", ConditionStatus::kTrue, "Served",
                       fmt::format("served by {}, term {}", lease.holder, lease.term));
  }
}

AnyTable LocationMachine::Detail(const State& state) {
  return AnyTable::Of(LocationDetail{.provider = state.spec.provider,
                                     .topology = state.spec.topology,
                                     .holder = state.status.lease.holder,
                                     .lease_term = state.last_term});
}

std::vector<Column> LocationMachine::Columns() {
  return {{.name = "CITY", .path = "spec.topology[\"topology.datum.net/city-code\"]"},
          {.name = "PROVIDER", .path = "spec.provider"},
          {.name = "READY", .path = "status.conditions[type=Ready].status"},
          {.name = "HOLDER", .path = "status.lease.holder", .wide = true},
          {.name = "TERM", .path = "status.lease.term", .wide = true}};
}

const KindInfo& LocationKind() {
  static const KindInfo kind = DefineKind<LocationMachine>();
  return kind;
}

}  // namespace sluice

// A kind of one's own: somebody holds it until a time, then it is free again. With lease.fbs this
// is all there is to write; a node, `sluice get` and replay know it once it is in their registry.
#include "examples/custom_kind/lease.h"

namespace sluice {

struct LeaseMachine {
  using State = Entity<LeaseState>;
  using Phase = LeasePhase;
  using Apply = LeaseApply;
  using Created = LeaseCreated;
  using SpecChanged = LeaseSpecChanged;
  using Commands = TypeList<Acquire>;
  using OnAbsent = TypeList<>;
  using Events = TypeList<Granted, Expired>;
  static constexpr std::string_view kName = "lease", kPlural = "leases", kCamel = "Lease";
  static constexpr Phase kInitialPhase = Phase::kFree;
  static constexpr std::array<std::string_view, 1> kInitialConditions = {"Ready"};
  static constexpr Transitions<Phase, 7> kTransitions = {{
      {Phase::kFree, "LeaseCreated", Phase::kFree},
      {Phase::kDeleted, "LeaseCreated", Phase::kFree},
      {Phase::kFree, "Granted", Phase::kHeld},
      {Phase::kHeld, "Expired", Phase::kFree},
      {Phase::kFree, "DeletionRequested", Phase::kDeleting},
      {Phase::kHeld, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};
};
using Lease = LeaseMachine::State;

DecideResult Decide(const Lease& lease, const Acquire& command, const DecideContext& context) {
  if (lease.status.phase == LeasePhase::kHeld) {
    return Reject(Rejection::FailedPrecondition(
        "status.holder",
        fmt::format("held by {} until {}", lease.status.holder, FormatTime(lease.status.until))));
  }
  const Time until =
      context.time + std::min(command.ttl, lease.spec.longest.value_or(Duration::Hours(1)));
  return Decided{}.Emit(Granted{.holder = command.holder, .until = until}).Arm("expiry", until);
}

DecideResult Decide(const Lease&, const TimerDue&, const DecideContext&) {
  return Decided{}.Emit(Expired{});  // armed only while held, so it is held
}

void Evolve(Lease& lease, const Granted& event) {
  lease.status.phase = LeasePhase::kHeld;
  lease.status.holder = event.holder;
  lease.status.until = event.until;
}

void Evolve(Lease& lease, const Expired&) {
  lease.status.phase = LeasePhase::kFree;
  lease.status.holder.clear();
}

const KindInfo& LeaseKind() {
  static const KindInfo kind = DefineKind<LeaseMachine>();
  return kind;
}

}  // namespace sluice

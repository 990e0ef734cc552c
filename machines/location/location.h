// location: a place where things run, and the lease by which one provider serves it.
//
// A lease has a term and does not run out: it passes by ReleaseLease, or by TakeOverLease, with
// which an operator confirms that the old host is stopped. Terms only rise, also when the location
// is made anew, so that a report's term always tells an old provider's from the present one's.
//
// Deleted, nothing is scheduled to it any more, and it stays, served, for the instances and
// deployments it has.
#pragma once

#include <array>
#include <string_view>

#include "events/location.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct LocationMachine {
  using State = Entity<LocationState>;
  using Apply = LocationApply;
  using Created = LocationCreated;
  using SpecChanged = LocationSpecChanged;
  using Commands = TypeList<AcquireLease, ReleaseLease, TakeOverLease, ContinueDeletion>;
  using OnAbsent = TypeList<AcquireLease, ContinueDeletion>;
  using Events = TypeList<LeaseAcquired, LeaseTakenOver, LeaseReleased, LocationHoldersChanged>;
  using Phase = LocationPhase;
  static constexpr std::string_view kName = "location";
  static constexpr std::string_view kPlural = "locations";
  static constexpr std::string_view kCamel = "Location";
  static constexpr Phase kInitialPhase = Phase::kPending;
  static constexpr std::array<std::string_view, 1> kInitialConditions = {"Ready"};
  static constexpr Transitions<Phase, 13> kTransitions = {{
      {Phase::kAbsent, "LocationCreated", Phase::kPending},
      {Phase::kDeleted, "LocationCreated", Phase::kPending},
      {Phase::kPending, "LeaseAcquired", Phase::kReady},
      {Phase::kReady, "LeaseAcquired", Phase::kReady},  // Again, by who has it.
      {Phase::kPending, "LeaseTakenOver", Phase::kReady},
      {Phase::kReady, "LeaseTakenOver", Phase::kReady},
      {Phase::kReady, "LeaseReleased", Phase::kPending},
      {Phase::kPending, "DeletionRequested", Phase::kDeleting},
      {Phase::kReady, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "LeaseAcquired", Phase::kDeleting},  // It serves what is still there.
      {Phase::kDeleting, "LeaseTakenOver", Phase::kDeleting},
      {Phase::kDeleting, "LeaseReleased", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static void Validate(const LocationSpec& spec, FieldErrors& errors);
  static void KeepPresent(LocationSpec& spec, const LocationSpec& present);
  static void CheckImmutable(const LocationSpec& before, const LocationSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<LocationMachine>& draft);
  static AnyTable Detail(const State& state);
  static std::vector<Column> Columns();
};

using Location = LocationMachine::State;

DecideResult Decide(const Location& location, const AcquireLease& command,
                    const DecideContext& context);
DecideResult Decide(const Location& location, const ReleaseLease& command,
                    const DecideContext& context);
DecideResult Decide(const Location& location, const TakeOverLease& command,
                    const DecideContext& context);
DecideResult Decide(const Location& location, const ContinueDeletion& command,
                    const DecideContext& context);

void Evolve(Location& location, const LeaseAcquired& event, const EventContext& context);
void Evolve(Location& location, const LeaseTakenOver& event, const EventContext& context);
void Evolve(Location& location, const LeaseReleased& event);
void Evolve(Location& location, const LocationHoldersChanged& event);

const KindInfo& LocationKind();

}  // namespace sluice

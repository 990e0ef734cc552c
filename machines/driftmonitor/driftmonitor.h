// driftmonitor: one cluster watched for one merged pull request.
//
// A provider (or a person) reports what the cluster is like; the phase says whether that is what
// should be. Reports that say the same again only put the deadline off.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "events/delivery.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

inline constexpr std::string_view kDriftLocation = "drift";  // Provider, and its lease's location.

struct DriftMonitorMachine {
  using State = Entity<DriftMonitorState>;
  using Apply = DriftMonitorApply;
  using Create = DriftMonitorCreate;
  using Created = DriftMonitorCreated;
  using SpecChanged = DriftMonitorSpecChanged;
  using Commands = TypeList<ReportDrift>;
  using OnAbsent = TypeList<>;
  using Events = TypeList<DriftReported, DriftLeaseSeen, RolloutObserved, ClusterSynced, DriftFound,
                          ReportsMissed>;
  using Phase = DriftMonitorPhase;
  static constexpr std::string_view kName = "driftmonitor";
  static constexpr std::string_view kPlural = "driftmonitors";
  static constexpr std::string_view kCamel = "DriftMonitor";
  static constexpr Phase kInitialPhase = Phase::kPending;
  static constexpr std::array<std::string_view, 2> kInitialConditions = {"Synced", "Healthy"};
  static constexpr Transitions<Phase, 22> kTransitions = {{
      {Phase::kAbsent, "DriftMonitorCreated", Phase::kPending},
      {Phase::kDeleted, "DriftMonitorCreated", Phase::kPending},
      {Phase::kPending, "RolloutObserved", Phase::kProgressing},
      {Phase::kPending, "ClusterSynced", Phase::kSynced},
      {Phase::kPending, "ReportsMissed", Phase::kUnknown},
      {Phase::kProgressing, "ClusterSynced", Phase::kSynced},
      {Phase::kProgressing, "ReportsMissed", Phase::kUnknown},
      {Phase::kSynced, "DriftFound", Phase::kDrifted},
      {Phase::kSynced, "ReportsMissed", Phase::kUnknown},
      // Another revision is wanted than the one that it was synced to.
      {Phase::kSynced, "RolloutObserved", Phase::kProgressing},
      {Phase::kDrifted, "RolloutObserved", Phase::kProgressing},
      {Phase::kDrifted, "ClusterSynced", Phase::kSynced},
      {Phase::kDrifted, "ReportsMissed", Phase::kUnknown},
      {Phase::kUnknown, "RolloutObserved", Phase::kProgressing},
      {Phase::kUnknown, "ClusterSynced", Phase::kSynced},
      {Phase::kUnknown, "DriftFound", Phase::kDrifted},
      {Phase::kPending, "DeletionRequested", Phase::kDeleting},
      {Phase::kProgressing, "DeletionRequested", Phase::kDeleting},
      {Phase::kSynced, "DeletionRequested", Phase::kDeleting},
      {Phase::kDrifted, "DeletionRequested", Phase::kDeleting},
      {Phase::kUnknown, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static void Validate(const DriftMonitorSpec& spec, FieldErrors& errors);
  static void CheckImmutable(const DriftMonitorSpec& before, const DriftMonitorSpec& after,
                             FieldErrors& errors);
  static void Default(DriftMonitorSpec& spec, const DecideContext& context);
  static void Settle(Draft<DriftMonitorMachine>& draft);
  static std::vector<PendingAction> Pending(const State& state);
  static AnyTable Detail(const State& state);
  static std::vector<Column> Columns();
};

using DriftMonitor = DriftMonitorMachine::State;

DecideResult Decide(const DriftMonitor& monitor, const ReportDrift& report,
                    const DecideContext& context);
DecideResult Decide(const DriftMonitor& monitor, const Observed& seen,
                    const DecideContext& context);

void Evolve(DriftMonitor& monitor, const DriftMonitorCreated& event, const EventContext& context);
void Evolve(DriftMonitor& monitor, const DriftMonitorSpecChanged& event);
void Evolve(DriftMonitor& monitor, const DriftReported& event);
void Evolve(DriftMonitor& monitor, const DriftLeaseSeen& event);
void Evolve(DriftMonitor& monitor, const RolloutObserved& event, const EventContext& context);
void Evolve(DriftMonitor& monitor, const ClusterSynced& event, const EventContext& context);
void Evolve(DriftMonitor& monitor, const DriftFound& event, const EventContext& context);
void Evolve(DriftMonitor& monitor, const ReportsMissed& event, const EventContext& context);

const KindInfo& DriftMonitorKind();

}  // namespace sluice

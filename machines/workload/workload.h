// workload: a template, and where how many of it should run.
//
// It keeps one deployment per placement and city that has a location (children.h), and sums up what
// they tell. What is wanted is settled anew after a change of the spec or of the locations alone;
// a report of a deployment touches its item and its placement's row.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "events/registry.gen.h"
#include "events/workload.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct WorkloadMachine {
  using State = Entity<WorkloadState>;
  using Apply = WorkloadApply;
  using Created = WorkloadCreated;
  using SpecChanged = WorkloadSpecChanged;
  using Commands = TypeList<ContinueWorkload, MembersFound>;
  using OnAbsent = TypeList<>;
  using Events =
      TypeList<WorkloadNetworkSeen, WorkloadLocationsKnown, WorkloadDeploymentChanged,
               WorkloadDeploymentGone, WorkloadPlaced, WorkloadContinuation, WorkloadRetryChanged,
               PlacementChanged, WorkloadBecameAvailable, WorkloadBecameUnavailable>;
  using Phase = WorkloadPhase;
  static constexpr std::string_view kName = "workload";
  static constexpr std::string_view kPlural = "workloads";
  static constexpr std::string_view kCamel = "Workload";
  static constexpr Phase kInitialPhase = Phase::kProvisioning;
  static constexpr std::array<std::string_view, 1> kInitialConditions = {"Available"};
  static constexpr Transitions<Phase, 7> kTransitions = {{
      {Phase::kAbsent, "WorkloadCreated", Phase::kProvisioning},
      {Phase::kDeleted, "WorkloadCreated", Phase::kProvisioning},
      {Phase::kProvisioning, "WorkloadBecameAvailable", Phase::kAvailable},
      {Phase::kAvailable, "WorkloadBecameUnavailable", Phase::kProvisioning},
      {Phase::kProvisioning, "DeletionRequested", Phase::kDeleting},
      {Phase::kAvailable, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static constexpr CollectionId kDeployments = 1;  // placement, 0, place -> WorkloadDeployment
  static constexpr CollectionId kNames = 2;        // deployment's name -> WorkloadDeploymentName
  static constexpr CollectionId kFaults = 3;       // placement, 0, severity, place

  static void Validate(const WorkloadSpec& spec, FieldErrors& errors);
  static void CheckImmutable(const WorkloadSpec& before, const WorkloadSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<WorkloadMachine>& draft);
  static std::vector<Column> Columns();
};

using Workload = WorkloadMachine::State;
using WorkloadDraft = Draft<WorkloadMachine>;

// observe.cc
DecideResult Decide(const Workload&, const Observed&, const DecideContext&);
DecideResult Decide(const Workload&, const Outcome&, const DecideContext&);
DecideResult Decide(const Workload&, const TimerDue&, const DecideContext&);
DecideResult Decide(const Workload&, const ContinueWorkload&, const DecideContext&);
DecideResult Decide(const Workload&, const MembersFound&, const DecideContext&);

// evolve.cc
void Evolve(Workload&, const WorkloadCreated&, const EventContext&);
void Evolve(Workload&, const WorkloadSpecChanged&);
void Evolve(Workload&, const DeletionRequested&, const EventContext&);
void Evolve(Workload&, const WorkloadNetworkSeen&);
void Evolve(Workload&, const WorkloadLocationsKnown&);
void Evolve(Workload&, const WorkloadDeploymentChanged&);
void Evolve(Workload&, const WorkloadDeploymentGone&);
void Evolve(Workload&, const WorkloadPlaced&);
void Evolve(Workload&, const WorkloadContinuation&);
void Evolve(Workload&, const WorkloadRetryChanged&);
void Evolve(Workload&, const PlacementChanged&);
void Evolve(Workload&, const WorkloadBecameAvailable&, const EventContext&);
void Evolve(Workload&, const WorkloadBecameUnavailable&, const EventContext&);

const KindInfo& WorkloadKind();

}  // namespace sluice

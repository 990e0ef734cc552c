// component: the conditions its owner gets from the resources behind it.
//
// Commands record what is reported; a pass (pass.cc) then goes over all components in their order
// and stages a condition for each, and stage.cc sends what is staged to the owner in one write, if
// the owner does not show it already. What providers have to do is left in status, from which
// pending actions are derived.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "events/component.gen.h"
#include "events/conditions.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct ComponentMachine {
  using State = Entity<ComponentState>;
  using Apply = ComponentApply;
  using Created = ComponentCreated;
  using SpecChanged = ComponentSpecChanged;
  using Commands = TypeList<ReportResource, ReportGuard, ReportGate, SuspendComponent,
                            ResumeComponent, ConditionsObserved>;
  using OnAbsent = TypeList<ConditionsObserved>;
  using Events = TypeList<ResourceReported, GuardReported, GateReported, OwnerWatched,
                          OwnerConditionsSeen, ComponentStaged, ComponentDropped, AggregateStaged,
                          ConditionsSent, ConditionsSendAnswered, ConditionsSendRetried, OwnerFound,
                          OwnerLost, ResourceLeaving, ResourceForgotten>;
  using Phase = ComponentPhase;
  static constexpr std::string_view kName = "component";
  static constexpr std::string_view kPlural = "components";
  static constexpr std::string_view kCamel = "Component";
  static constexpr Phase kInitialPhase = Phase::kPending;
  static constexpr std::array<std::string_view, 2> kInitialConditions = {"Ready", "Written"};
  static constexpr Transitions<Phase, 7> kTransitions = {{
      {Phase::kAbsent, "ComponentCreated", Phase::kPending},
      {Phase::kDeleted, "ComponentCreated", Phase::kPending},
      {Phase::kPending, "OwnerFound", Phase::kActive},
      {Phase::kActive, "OwnerLost", Phase::kPending},
      {Phase::kPending, "DeletionRequested", Phase::kDeleting},
      {Phase::kActive, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};
  static constexpr CollectionId kReports = 1;
  static constexpr CollectionId kGuards = 2;

  static void Default(ComponentSpec& spec, const DecideContext& context);
  static void Validate(const ComponentSpec& spec, FieldErrors& errors);
  static void CheckImmutable(const ComponentSpec& before, const ComponentSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<ComponentMachine>& draft);
  static std::vector<PendingAction> Pending(const State& state);
  static AnyTable Detail(const State& state);
  static std::vector<IndexEntry> Indexes(const State& state);
  static std::vector<Column> Columns();
};

using Component = ComponentMachine::State;
using ComponentDraft = Draft<ComponentMachine>;

// decide.cc
DecideResult Decide(const Component&, const ReportResource&, const DecideContext&);
DecideResult Decide(const Component&, const ReportGuard&, const DecideContext&);
DecideResult Decide(const Component&, const ReportGate&, const DecideContext&);
DecideResult Decide(const Component&, const SuspendComponent&, const DecideContext&);
DecideResult Decide(const Component&, const ResumeComponent&, const DecideContext&);
DecideResult Decide(const Component&, const ConditionsObserved&, const DecideContext&);
DecideResult Decide(const Component&, const Outcome&, const DecideContext&);

// evolve.cc
void Evolve(Component&, const ComponentCreated&, const EventContext&);
void Evolve(Component&, const ComponentSpecChanged&);
void Evolve(Component&, const ResourceReported&);
void Evolve(Component&, const GuardReported&);
void Evolve(Component&, const GateReported&);
void Evolve(Component&, const OwnerWatched&);
void Evolve(Component&, const OwnerConditionsSeen&);
void Evolve(Component&, const ComponentStaged&);
void Evolve(Component&, const ComponentDropped&);
void Evolve(Component&, const AggregateStaged&);
void Evolve(Component&, const ConditionsSent&);
void Evolve(Component&, const ConditionsSendAnswered&);
void Evolve(Component&, const ConditionsSendRetried&);
void Evolve(Component&, const OwnerFound&, const EventContext&);
void Evolve(Component&, const OwnerLost&, const EventContext&);
void Evolve(Component&, const DeletionRequested&);
void Evolve(Component&, const ResourceLeaving&);
void Evolve(Component&, const ResourceForgotten&);

const KindInfo& ComponentKind();

}  // namespace sluice

// DefineKind<M>: from a machine's types and functions to its KindInfo. One line registers a kind.
//
// A machine M is a struct that names:
//   State = Entity<FooState>      root table with metadata, spec, status{phase, conditions,
//                                 observed_generation}, own (optional), relations
//   Apply, Created, SpecChanged   tables of the schema; Create (internal) where others make it
//   Commands, Events              TypeList of its own, besides the shared ones
//   OnAbsent                      TypeList of commands decided for an absent entity, too
//   kName, kPlural, kCamel        "lease", "leases", "Lease"
//   kInitialPhase, kInitialConditions (std::array<std::string_view, N>), kTransitions
//   kOtherConditions (the same)   optional; conditions it gets later
// and static functions, all pure:
//   void Default(Spec&, const DecideContext&)                            optional
//   void KeepPresent(Spec&, const Spec& present)                         optional; what an Apply
//   that
//                                                                        does not say it leaves
//                                                                        alone
//   void Validate(const Spec&, FieldErrors&)                             optional; all faults at
//   once void CheckImmutable(const Spec& before, const Spec& after, FieldErrors&)  optional void
//   Settle(Draft<M>&)           derives conditions, phase, follow-ups and timers; called after
//                                    Apply, Create, Delete, TimerDue, Observed and Outcome unless
//                                    the machine has a Decide of its own for that command
//   std::vector<PendingAction> Pending(const State&)                     optional
//   AnyTable Detail(const State&)                                        optional
//   std::vector<IndexEntry> Indexes(const State&)                        optional
//   std::vector<Column> Columns()                                        optional
// Decide(const State&, const Command&, const DecideContext&) and Evolve(State&, const Event&[,
// const EventContext&]) are free functions found by their arguments.
#pragma once

#include <memory>
#include <string>
#include <type_traits>

#include "machines/common/draft.h"
#include "machines/common/generic_commands.h"
#include "machines/common/kind.h"

namespace sluice {

template <class... Ts>
struct TypeList {
  template <class T>
  static constexpr bool kHas = (std::is_same_v<T, Ts> || ...);
};

namespace define_kind {

template <class M, class C>
DecideResult DecideErased(const EntityState& state, const void* payload,
                          const DecideContext& context) {
  const auto& typed = static_cast<const typename M::State&>(state);
  const C& command = *static_cast<const C*>(payload);
  if constexpr (requires { Decide(typed, command, context); }) {
    return Decide(typed, command, context);
  } else {
    return DecideGeneric<M>(typed, command, context);
  }
}

template <class M, class E>
void EvolveErased(EntityState& state, const void* payload, const EventContext& context) {
  EvolveAny<M>(static_cast<typename M::State&>(state), *static_cast<const E*>(payload), context);
}

template <class M, class C>
void AddCommand(KindInfo& kind, bool on_absent) {
  kind.commands.push_back(
      {&TypeOf<C>(), on_absent || M::OnAbsent::template kHas<C>, &DecideErased<M, C>});
}

template <class M, class E>
void AddEvent(KindInfo& kind) {
  kind.events.push_back({&TypeOf<E>(), false, {}, &EvolveErased<M, E>});
}

template <class M, class... Cs>
void AddCommands(KindInfo& kind, TypeList<Cs...>) {
  (AddCommand<M, Cs>(kind, false), ...);
}
template <class M, class... Es>
void AddEvents(KindInfo& kind, TypeList<Es...>) {
  (AddEvent<M, Es>(kind), ...);
}

template <class M>
Observation ObserveErased(const EntityState& state) {
  const auto& typed = static_cast<const typename M::State&>(state);
  Observation seen;
  seen.uid = typed.metadata_part().uid;
  if (!state.Exists()) {
    seen.phase = seen.uid.empty() ? "Absent" : "Deleted";
    return seen;
  }
  seen.phase = ToString(typed.status.phase);
  seen.generation = typed.metadata_part().generation;
  if (const Condition* ready = FindCondition(typed.status.conditions, "Ready")) {
    seen.ready = ready->status;
    seen.reason = ready->reason;
    seen.message = ready->message;
  }
  if constexpr (requires { M::Detail(typed); }) seen.detail = M::Detail(typed);
  return seen;
}

void FinishKind(KindInfo& kind);  // marks events of the table, checks that its names exist
std::vector<std::string> PhaseNames(const EnumInfo& phases);

}  // namespace define_kind

template <class M>
KindInfo DefineKind() {
  using namespace define_kind;  // NOLINT: the helpers of this function
  using State = typename M::State;
  static_assert(IsUnambiguous(M::kTransitions), "a (from, event) stands twice");
  KindInfo kind;
  kind.name = M::kName;
  kind.plural = M::kPlural;
  kind.camel = M::kCamel;
  AddCommand<M, typename M::Apply>(kind, true);
  if constexpr (requires { typename M::Create; }) AddCommand<M, typename M::Create>(kind, true);
  AddCommand<M, Delete>(kind, true);
  AddCommand<M, Observed>(kind, false);
  AddCommand<M, Outcome>(kind, false);
  AddCommand<M, TimerDue>(kind, false);
  AddCommand<M, Annotate>(kind, false);
  AddCommands<M>(kind, typename M::Commands{});
  AddEvent<M, typename M::Created>(kind);
  AddEvent<M, typename M::SpecChanged>(kind);
  AddEvents<M>(
      kind,
      TypeList<ConditionChanged, ConditionRemoved, MetadataChanged, OwnerChanged, DeletionRequested,
               EntityDeleted, ObservedGenerationChanged, ObserverAdded, ObserverRemoved,
               FanOutStarted, FanOutMarkedDirty, FanOutFinished, OutcomeNumbered>{});
  AddEvents<M>(kind, typename M::Events{});
  for (const auto& edge : M::kTransitions) {
    kind.transitions.push_back(
        {static_cast<uint8_t>(edge.from), edge.event, static_cast<uint8_t>(edge.to)});
  }
  kind.phase_names = PhaseNames(EnumInfoOf<decltype(State{}.status.phase)>());
  if constexpr (requires { M::Columns(); }) kind.columns = M::Columns();
  kind.sets_condition = &SetsCondition<M>;
  if constexpr (std::is_class_v<typename M::Apply>) kind.spec_faults = &SpecFaults<M>;
  kind.make = []() -> std::unique_ptr<EntityState> { return std::make_unique<State>(); };
  kind.phase = [](const EntityState& state) {
    return static_cast<uint8_t>(static_cast<const State&>(state).status.phase);
  };
  kind.observe = &ObserveErased<M>;
  if constexpr (requires(const State& state) { M::Pending(state); }) {
    kind.pending = [](const EntityState& state) {
      return M::Pending(static_cast<const State&>(state));
    };
  }
  if constexpr (requires(const State& state) { M::Indexes(state); }) {
    kind.indexes = [](const EntityState& state) {
      return M::Indexes(static_cast<const State&>(state));
    };
  }
  if constexpr (requires { M::IndexOfField("", ""); }) kind.index_of_field = &M::IndexOfField;
  FinishKind(kind);
  return kind;
}

}  // namespace sluice

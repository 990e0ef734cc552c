// Evolve for the events every kind shares, and the dispatch that prefers a machine's own overload.
//
// A machine M names its State, Created and SpecChanged types, kInitialPhase and kInitialConditions
// (define_kind.h lists everything).
#pragma once

#include "machines/common/conditions.h"
#include "machines/common/context.h"
#include "machines/common/entity.h"

namespace sluice {

// Relations: the same for every kind, so not templates.
void EvolveRelations(EntityState& state, const ObserverAdded& event, const EventContext& context);
void EvolveRelations(EntityState& state, const ObserverRemoved& event, const EventContext& context);
void EvolveRelations(EntityState& state, const FanOutStarted& event, const EventContext& context);
void EvolveRelations(EntityState& state, const FanOutMarkedDirty& event,
                     const EventContext& context);
void EvolveRelations(EntityState& state, const FanOutFinished& event, const EventContext& context);
void EvolveRelations(EntityState& state, const OutcomeNumbered& event, const EventContext& context);
void EvolveRelations(EntityState& state, const MetadataChanged& event, const EventContext& context);
void EvolveRelations(EntityState& state, const OwnerChanged& event, const EventContext& context);
// metadata of a new incarnation; relations and version go on.
void BeginIncarnation(EntityState& state, const EventContext& context, const std::string& uid,
                      const std::map<std::string, std::string>& labels,
                      const std::map<std::string, std::string>& annotations,
                      const std::optional<OwnerReference>& owner);

template <class M>
void EvolveShared(typename M::State& state, const typename M::Created& event,
                  const EventContext& context) {
  state.spec = event.spec;
  state.status = {};
  if constexpr (requires { state.own; }) state.own = {};
  BeginIncarnation(state, context, event.uid, event.labels, event.annotations, event.owner);
  state.status.phase = M::kInitialPhase;
  state.status.conditions.reserve(M::kInitialConditions.size());
  for (std::string_view type : M::kInitialConditions) {
    PutCondition(state.status.conditions, PendingCondition(type, context.time));
  }
}

template <class M>
void EvolveShared(typename M::State& state, const typename M::SpecChanged& event,
                  const EventContext&) {
  state.spec = event.spec;
  ++state.mutable_metadata().generation;
}

template <class M>
void EvolveShared(typename M::State& state, const ConditionChanged& event, const EventContext&) {
  PutCondition(state.status.conditions, event.condition);
}

template <class M>
void EvolveShared(typename M::State& state, const ConditionRemoved& event, const EventContext&) {
  RemoveCondition(state.status.conditions, event.type);
}

template <class M>
void EvolveShared(typename M::State& state, const ObservedGenerationChanged& event,
                  const EventContext&) {
  state.status.observed_generation = event.generation;
}

template <class M>
void EvolveShared(typename M::State& state, const DeletionRequested& event, const EventContext&) {
  state.mutable_metadata().deletion_timestamp = event.at;
  state.status.phase = decltype(state.status.phase)::kDeleting;
}

template <class M>
void EvolveShared(typename M::State& state, const EntityDeleted&, const EventContext&) {
  state.relations.deleted = true;
  state.status.phase = decltype(state.status.phase)::kDeleted;
}

// The machine's own Evolve if it has one for this event (after the shared one, where both exist:
// that is how a machine adds to Created), else the shared one.
template <class M, class E>
void EvolveAny(typename M::State& state, const E& event, const EventContext& context) {
  constexpr bool kShared = requires { EvolveShared<M>(state, event, context); };
  constexpr bool kRelations = requires { EvolveRelations(state, event, context); };
  constexpr bool kOwn = requires { Evolve(state, event, context); };
  constexpr bool kOwnWithoutContext = requires { Evolve(state, event); };
  static_assert(kShared || kRelations || kOwn || kOwnWithoutContext, "an event without Evolve");
  if constexpr (kShared) EvolveShared<M>(state, event, context);
  if constexpr (kRelations) EvolveRelations(state, event, context);
  if constexpr (kOwn) {
    Evolve(state, event, context);
  } else if constexpr (kOwnWithoutContext) {
    Evolve(state, event);
  }
}

}  // namespace sluice

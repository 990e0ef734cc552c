// Draft: how most machines decide. A copy of the state that evolves while events are emitted, so
// the rules that come later read what the earlier ones decided.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "machines/common/context.h"
#include "machines/common/decided.h"
#include "machines/common/entity.h"
#include "machines/common/evolve_common.h"

namespace sluice {

template <class M>
class Draft {
 public:
  using State = typename M::State;

  Draft(const State& base, const DecideContext& context)
      : before_(base),
        state_(base),
        context_(context),
        event_context_{context.self, context.time, context.origin} {}

  // As it was when the command came. Valid as long as what the draft was made of.
  const State& before() const { return before_; }
  const State& state() const { return state_; }
  const State* operator->() const { return &state_; }
  const DecideContext& context() const { return context_; }
  Time now() const { return context_.time; }

  template <class E>
  void Emit(E event) {
    if constexpr (std::is_same_v<E, EntityDeleted>) DisarmAll();
    EvolveAny<M>(state_, event, event_context_);
    decided_.Emit(std::move(event));
  }

  template <class C>
  void Send(EntityKey target, C command) {
    decided_.Send(std::move(target), std::move(command));
  }
  // Whether the cluster's level allows an event or internal command; the caller has another way.
  template <class T>
  bool MayWrite() const {
    return TypeOf<T>().level <= LevelOf(context_.Settings());
  }

  // Asks for an Outcome and returns the number it will carry.
  template <class C>
  uint64_t SendForOutcome(EntityKey target, C command) {
    const uint64_t number = state_.relations.next_outcome + 1;
    Emit(OutcomeNumbered{.next = number});
    decided_.Send(std::move(target), std::move(command));
    decided_.follow_ups.back().outcome_number = number;
    return number;
  }
  // The same for a child's creation: an acceptance that the child tells by an Observed needs no
  // Outcome. The number is answered when it is refused, or changes nothing.
  template <class C>
  uint64_t SendForRefusal(EntityKey target, C command) {
    const uint64_t number = SendForOutcome(std::move(target), std::move(command));
    decided_.follow_ups.back().outcome_unless_observed = true;
    return number;
  }
  // The same for a command whose type only its sender knows.
  void SendAny(EntityKey target, AnyTable command) {
    decided_.follow_ups.push_back({std::move(target), std::move(command), {}, false, {}});
  }
  uint64_t SendAnyForOutcome(EntityKey target, AnyTable command) {
    const uint64_t number = state_.relations.next_outcome + 1;
    Emit(OutcomeNumbered{.next = number});
    decided_.follow_ups.push_back({std::move(target), std::move(command), number, false, {}});
    return number;
  }
  // The caller of the command being decided gets this follow-up's reply. At most once.
  template <class C>
  void SendForReply(EntityKey target, C command) {
    decided_.Send(std::move(target), std::move(command));
    decided_.follow_ups.back().carries_reply = true;
  }
  template <class C>
  void SendToPartition(uint32_t partition, C command) {
    decided_.Send(EntityKey{}, std::move(command));
    decided_.follow_ups.back().to_partition = partition;
  }

  // Does nothing when the timer is armed for that time already.
  void Arm(const std::string& id, Time due) {
    if (ArmedTimer(state_.relations, id) == due) return;
    decided_.Arm(id, due);
    ApplyTimerChange(state_.relations, decided_.timers.back());
  }
  void Disarm(const std::string& id) { Arm(id, Time{}); }
  bool IsArmed(std::string_view id) const { return ArmedTimer(state_.relations, id).IsSet(); }

  // Emits ConditionChanged unless nothing differs. lastTransitionTime moves when the status flips.
  void SetCondition(std::string_view type, ConditionStatus status, std::string_view reason,
                    std::string_view message) {
    if (!SetsCondition<M>(type)) {
      throw InvariantViolation(
          fmt::format("{} sets condition {}, which it does not name as its own", M::kName, type));
    }
    const Condition* present = FindCondition(state_.status.conditions, type);
    if (auto changed = NextCondition(present, type, status, reason, message,
                                     state_.metadata_part().generation, context_.time)) {
      Emit(ConditionChanged{.condition = std::move(*changed)});
    }
  }
  void RemoveCondition(std::string_view type) {
    if (FindCondition(state_.status.conditions, type)) {
      Emit(ConditionRemoved{.type = std::string(type)});
    }
  }
  template <class R>
  void Reply(R reply) {
    decided_.Reply(std::move(reply));
  }

  bool HasChanges() const { return !decided_.events.empty(); }
  Decided Take() { return std::move(decided_); }

 private:
  // What is gone waits for nothing.
  void DisarmAll() {
    while (!state_.relations.timers.empty()) {
      const std::string id = state_.relations.timers.front().id;
      Disarm(id);
    }
  }

  const State& before_;
  State state_;
  const DecideContext& context_;
  EventContext event_context_;
  Decided decided_;
};

}  // namespace sluice

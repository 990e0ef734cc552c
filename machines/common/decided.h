// Decided: what a machine says yes with. Events, effects and a reply, as values.
//
// Effects are collected here and carried out by nobody in this library: the engine records them
// with the decision and a follow-up becomes a command only once that decision is durable.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "events/any_table.h"
#include "events/entity_key.h"
#include "events/envelope.gen.h"
#include "machines/common/rejection.h"

namespace sluice {

// A follow-up before it is numbered and routed.
struct FollowUpDraft {
  EntityKey target;
  AnyTable payload;
  // The sender wants `Outcome{number}` back: accepted or rejected, and the target's uid.
  std::optional<uint64_t> outcome_number;
  // The caller's reply is this follow-up's; at most one of a decision's follow-ups.
  bool carries_reply = false;
  // Set instead of `target`: addressed to a partition by its number.
  std::optional<uint32_t> to_partition;
  // The sender is the target's owner, and what an Observed says is all that it wants to know of an
  // acceptance: the decision that sends it one sends no Outcome besides.
  bool outcome_unless_observed = false;
};

struct Decided {
  std::vector<AnyTable> events;
  std::vector<FollowUpDraft> follow_ups;
  std::vector<TimerChange> timers;  // due unset disarms
  AnyTable reply;
  bool ignored = false;  // verdict Ignored: a report that was out of date; recorded, no change

  template <class E>
  Decided& Emit(E event) {
    events.push_back(AnyTable::Of(std::move(event)));
    return *this;
  }
  template <class C>
  Decided& Send(EntityKey target, C command) {
    follow_ups.push_back({std::move(target), AnyTable::Of(std::move(command)), {}, false, {}});
    return *this;
  }
  Decided& Arm(std::string id, Time due) {
    timers.push_back({std::move(id), due});
    return *this;
  }
  Decided& Disarm(std::string id) { return Arm(std::move(id), Time{}); }
  template <class R>
  Decided& Reply(R value) {
    reply = AnyTable::Of(std::move(value));
    return *this;
  }
};

// What Decide returns.
using DecideResult = tl::expected<Decided, Rejection>;

// "Accepted, and nothing follows."
inline Decided NoChange() { return Decided{}; }
// "Accepted and ignored": recorded with verdict Ignored.
inline Decided Ignore() {
  Decided decided;
  decided.ignored = true;
  return decided;
}
inline tl::unexpected<Rejection> Reject(Rejection rejection) {
  return tl::unexpected<Rejection>(std::move(rejection));
}

}  // namespace sluice

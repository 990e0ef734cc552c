// World: entities, follow-ups, timers and time in memory, for tests of machines that talk to each
// other.
//
// Every decision goes through DecideStep and is folded a second time from what was recorded; the
// two states must agree hash by hash (I5). No engine, no store, no threads. Follow-ups are
// delivered in order per (source partition, target partition); between those, in the order `pick`
// chooses.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "events/json.h"
#include "machines/common/kind.h"
#include "machines/common/step.h"
#include "machines/common/testing/map_items.h"

namespace sluice::testing {

class World {
 public:
  explicit World(const KindRegistry& kinds, uint32_t partitions = 3);

  // Settings that decisions read; defaults filled in.
  ClusterConfigSpec settings;

  // Chooses among n non-empty queues (0 <= result < n). Default: the first.
  std::function<size_t(size_t)> pick = [](size_t) { return size_t{0}; };
  // False: follow-ups are recorded in their decision and go nowhere, so a machine is alone.
  bool deliver = true;
  // Set: only follow-ups to these kinds are delivered.
  std::set<std::string, std::less<>> deliver_to;
  // Called after every decision.
  std::function<void(const World&, const Decision&)> on_decision;

  // Decides a user's command and returns its decision; its follow-ups wait in the queues.
  template <class C>
  Decision Send(std::string_view entity, C command) {
    return Decide(MakeCommand(entity, AnyTable::Of(std::move(command))), Input::kCommands);
  }
  // The same, then delivers follow-ups until none is left.
  template <class C>
  Decision SendAndSettle(std::string_view entity, C command) {
    Decision decision = Send(entity, std::move(command));
    Settle();
    return decision;
  }
  // Decides an internal command as if `sender` had sent it.
  template <class C>
  Decision SendFrom(std::string_view sender, std::string_view entity, C command) {
    return SendAny(entity, AnyTable::Of(std::move(command)), sender);
  }
  // The same for a payload of any type; without a sender it is a user's command.
  Decision SendAny(std::string_view entity, AnyTable payload, std::string_view sender);
  // Applies events as if an earlier decision had held them.
  void Apply(std::string_view entity, std::vector<AnyTable> events);
  // `json` is a command's payload under its wire name, as users write it.
  Decision SendJson(std::string_view entity, std::string_view command, std::string_view json);

  // Delivers one follow-up; false if there is none.
  bool DeliverOne();
  // Delivers until none is left; fails the test when that takes more than `limit`.
  void Settle(size_t limit = 100'000);
  // Moves time on, firing due timers in order and settling after each.
  void Advance(Duration duration);
  // Follow-ups that wait in the queues.
  size_t undelivered() const;

  Time now() const { return now_; }
  // The state; default-made if it never existed.
  const EntityState& State(std::string_view entity) const;
  template <class S>
  const S& As(std::string_view entity) const {
    return static_cast<const S&>(State(entity));
  }
  bool Exists(std::string_view entity) const { return State(entity).Exists(); }
  std::vector<PendingAction> Pending(std::string_view entity) const;
  std::vector<std::string> EntityKeys() const;
  const std::vector<Decision>& decisions() const { return decisions_; }
  // The root table as JSON, for messages and comparisons.
  std::string Json(std::string_view entity) const;

 private:
  struct Slot {
    const KindInfo* kind = nullptr;
    std::unique_ptr<MapItems> items;
    std::unique_ptr<EntityState> state;
    std::unique_ptr<MapItems> replayed_items;
    std::unique_ptr<EntityState> replayed;
  };

  Command MakeCommand(std::string_view entity, AnyTable payload);
  Decision Decide(Command command, Input input);
  void Replay(Slot& slot, const Decision& decision);
  void Route(const std::string& sender, std::vector<FollowUpDraft> follow_ups, Decision& decision);
  Slot& SlotOf(std::string_view entity);
  uint32_t PartitionOf(std::string_view entity) const;

  const KindRegistry& kinds_;
  uint32_t partitions_;
  Time now_{1'790'000'000'000'000};
  uint64_t next_offset_ = 0;
  std::map<std::string, Slot, std::less<>> slots_;
  std::map<std::pair<uint32_t, uint32_t>, std::deque<Command>> queues_;
  std::vector<Decision> decisions_;
};

}  // namespace sluice::testing

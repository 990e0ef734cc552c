// FollowUpLedger: what durable decisions sent between partitions, and what became of it (I8).
#pragma once

#include <deque>
#include <map>
#include <utility>

#include "events/envelope.gen.h"
#include "tests/simulator/findings.h"

namespace sluice::simulator {

class FollowUpLedger {
 public:
  explicit FollowUpLedger(Findings& findings) : findings_(findings) {}

  // A durable decision of `source` sent it.
  void Sent(uint32_t source, const FollowUp& follow_up) {
    Route& route = routes_[{source, follow_up.target_partition}];
    findings_.Expect(follow_up.number == route.sent + 1, "I8",
                     "partition {} sends follow-up {} to {} after {}", source, follow_up.number,
                     follow_up.target_partition, route.sent);
    ++route.sent;
    route.undecided.push_back(*follow_up.command);
  }

  // A durable decision of `target` answers `command`.
  void Decided(uint32_t target, const Command& command) {
    const FollowUpSource& from = *command.source;
    Route& route = routes_[{from.partition, target}];
    const uint64_t next = route.sent - route.undecided.size() + 1;
    if (!findings_.Expect(from.number == next, "I8",
                          "partition {} decides follow-up {} of {}, but {} is next", target,
                          from.number, from.partition, next) ||
        !findings_.Expect(!route.undecided.empty(), "I8",
                          "partition {} decides follow-up {} of {}, which nobody sent", target,
                          from.number, from.partition)) {
      return;
    }
    findings_.Expect(route.undecided.front() == command, "I8",
                     "follow-up {} of {} to {} is decided with another content", from.number,
                     from.partition, target);
    route.undecided.pop_front();
  }

  size_t undecided() const {
    size_t count = 0;
    for (const auto& [route, state] : routes_) count += state.undecided.size();
    return count;
  }
  uint64_t sent() const {
    uint64_t count = 0;
    for (const auto& [route, state] : routes_) count += state.sent;
    return count;
  }

 private:
  struct Route {
    uint64_t sent = 0;
    std::deque<Command> undecided;  // in order; the first is the next to be decided
  };

  Findings& findings_;
  std::map<std::pair<uint32_t, uint32_t>, Route> routes_;  // (source, target)
};

}  // namespace sluice::simulator

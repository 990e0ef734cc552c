// The transition table of an instance, written by the phase that is entered: one event each, and
// the phases from which it may happen.
#pragma once

#include <array>
#include <string_view>

#include "events/instance.gen.h"
#include "machines/common/transitions.h"

namespace sluice::instance {

using Phase = InstancePhase;

constexpr uint32_t Any(std::initializer_list<Phase> phases) {
  uint32_t mask = 0;
  for (Phase phase : phases) mask |= 1u << static_cast<uint32_t>(phase);
  return mask;
}

// The steps up, and what may interrupt them.
inline constexpr uint32_t kSteps = Any({Phase::kGated, Phase::kProgramming, Phase::kProgrammed,
                                        Phase::kStarting, Phase::kRunning, Phase::kReady});
inline constexpr uint32_t kAside = Any({Phase::kStopping, Phase::kStopped, Phase::kExpiring});
inline constexpr uint32_t kUp =
    Any({Phase::kProgrammed, Phase::kStarting, Phase::kRunning, Phase::kReady});

struct Entering {
  std::string_view event;
  Phase to;
  uint32_t from;
};

inline constexpr std::array kEntering = {
    Entering{"InstanceCreated", Phase::kGated, Any({Phase::kAbsent, Phase::kDeleted})},
    // One step up at a time; a report that comes early is kept until its step's turn.
    Entering{"InstanceProgrammingStarted", Phase::kProgramming,
             Any({Phase::kGated}) | kUp | kAside},
    Entering{"InstanceProgrammed", Phase::kProgrammed, Any({Phase::kProgramming}) | kAside},
    Entering{"InstanceStartBegan", Phase::kStarting, Any({Phase::kProgrammed}) | kAside},
    Entering{"InstanceRan", Phase::kRunning, Any({Phase::kProgrammed, Phase::kStarting}) | kAside},
    Entering{"InstanceBecameReady", Phase::kReady, Any({Phase::kRunning})},
    // Steps down.
    Entering{"InstanceBecameUnready", Phase::kRunning, Any({Phase::kReady})},
    Entering{"InstanceRunLost", Phase::kStarting, Any({Phase::kRunning, Phase::kReady})},
    Entering{"InstanceGated", Phase::kGated, Any({Phase::kProgramming}) | kAside},
    // Aside.
    Entering{"InstanceStopBegan", Phase::kStopping,
             kSteps | Any({Phase::kStopped, Phase::kExpiring})},
    Entering{"InstanceStopped", Phase::kStopped,
             kSteps | Any({Phase::kStopping, Phase::kExpiring})},
    Entering{"InstanceExpiryReached", Phase::kExpiring,
             kSteps | Any({Phase::kStopping, Phase::kStopped})},
    // Ends.
    Entering{"InstanceFailed", Phase::kFailed, kSteps | kAside},
    Entering{"InstanceExpired", Phase::kExpired, Any({Phase::kExpiring, Phase::kFailed})},
    Entering{"DeletionRequested", Phase::kDeleting,
             kSteps | kAside | Any({Phase::kFailed, Phase::kExpired})},
    Entering{"EntityDeleted", Phase::kDeleted, Any({Phase::kDeleting})},
};

constexpr size_t CountEdges() {
  size_t count = 0;
  for (const Entering& entering : kEntering) {
    for (uint32_t from = entering.from; from != 0; from &= from - 1) ++count;
  }
  return count;
}

constexpr auto ExpandEdges() {
  Transitions<Phase, CountEdges()> edges{};
  size_t next = 0;
  for (const Entering& entering : kEntering) {
    for (uint8_t from = 0; from < 32; ++from) {
      if (((entering.from >> from) & 1u) == 0) continue;
      edges[next++] = {static_cast<Phase>(from), entering.event, entering.to};
    }
  }
  return edges;
}

}  // namespace sluice::instance

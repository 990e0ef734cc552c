// Stuck deadlines: a phase that waits too long says so. A report, not a transition.
#pragma once

#include <string>
#include <string_view>

#include "machines/common/conditions.h"
#include "machines/common/draft.h"

namespace sluice {

inline constexpr std::string_view kStuckTimer = "stuck";

// The configured deadline of `kind` (stuckDeadlines[kind], else [default], else 10 min); 0 is off.
Duration StuckDeadline(std::string_view kind, const ClusterConfigSpec& settings);

// Called at the end of Settle. `awaited` is what the phase waits for, empty if it waits for
// nothing; `since` is when it was entered. Arms the deadline, sets Stuck=True once it has passed,
// removes the condition when nothing is awaited.
template <class M>
void SettleStuck(Draft<M>& draft, std::string_view awaited, Time since) {
  const Duration deadline = StuckDeadline(M::kName, draft.context().Settings());
  const std::string timer(kStuckTimer);
  if (awaited.empty() || deadline == Duration{}) {
    draft.Disarm(timer);
    draft.RemoveCondition(kStuckCondition);
    return;
  }
  const Time due = since + deadline;
  if (draft.now() >= due) {
    draft.Disarm(timer);
    draft.SetCondition(kStuckCondition, ConditionStatus::kTrue, "DeadlineExceeded",
                       "waiting for " + std::string(awaited) + " since " + FormatTime(since));
  } else {
    draft.RemoveCondition(kStuckCondition);
    draft.Arm(timer, due);
  }
}

}  // namespace sluice

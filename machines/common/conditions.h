// Conditions: one per type, changed only when something differs.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "events/common.gen.h"

namespace sluice {

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type);
bool IsTrue(const std::vector<Condition>& conditions, std::string_view type);

// The condition after setting it, or nothing when it would not differ. `present` may be null.
std::optional<Condition> NextCondition(const Condition* present, std::string_view type,
                                       ConditionStatus status, std::string_view reason,
                                       std::string_view message, int64_t generation, Time now);

// The condition of passed deadlines, which every kind may get (machines/common/stuck.h).
inline constexpr std::string_view kStuckCondition = "Stuck";

// Whether machine M sets conditions of that type itself: those an entity is born with, those it may
// get later (kOtherConditions), and Stuck. Nobody else may write them.
template <class M>
constexpr bool SetsCondition(std::string_view type) {
  if (type == kStuckCondition) return true;
  for (const std::string_view own : M::kInitialConditions) {
    if (own == type) return true;
  }
  if constexpr (requires { M::kOtherConditions; }) {
    for (const std::string_view own : M::kOtherConditions) {
      if (own == type) return true;
    }
  }
  return false;
}

// Replaces the one of that type, or appends: order of first appearance, so hashes are stable.
void PutCondition(std::vector<Condition>& conditions, const Condition& condition);
void RemoveCondition(std::vector<Condition>& conditions, std::string_view type);

// Unknown, reason Pending, "Waiting for controller": what a new entity starts with.
Condition PendingCondition(std::string_view type, Time now);
// True for a condition still at its default; where another is derived from it, it counts as absent.
bool IsPendingDefault(const Condition& condition);

}  // namespace sluice

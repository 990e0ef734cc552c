#include "machines/common/conditions.h"

#include <algorithm>

namespace sluice {

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type) {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

bool IsTrue(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* condition = FindCondition(conditions, type);
  return condition && condition->status == ConditionStatus::kTrue;
}

std::optional<Condition> NextCondition(const Condition* present, std::string_view type,
                                       ConditionStatus status, std::string_view reason,
                                       std::string_view message, int64_t generation, Time now) {
  Condition next{.type = std::string(type),
                 .status = status,
                 .reason = std::string(reason),
                 .message = std::string(message),
                 .observed_generation = generation,
                 .last_transition_time = now};
  if (present && present->status == status) {
    next.last_transition_time = present->last_transition_time;
    if (next == *present) return std::nullopt;
  }
  return next;
}

void PutCondition(std::vector<Condition>& conditions, const Condition& condition) {
  for (Condition& present : conditions) {
    if (present.type == condition.type) {
      present = condition;
      return;
    }
  }
  conditions.push_back(condition);
}

void RemoveCondition(std::vector<Condition>& conditions, std::string_view type) {
  std::erase_if(conditions, [&](const Condition& condition) { return condition.type == type; });
}

Condition PendingCondition(std::string_view type, Time now) {
  return {.type = std::string(type),
          .status = ConditionStatus::kUnknown,
          .reason = "Pending",
          .message = "Waiting for controller",
          .observed_generation = 0,
          .last_transition_time = now};
}

bool IsPendingDefault(const Condition& condition) {
  return condition.status == ConditionStatus::kUnknown && condition.reason == "Pending" &&
         condition.message == "Waiting for controller";
}

}  // namespace sluice

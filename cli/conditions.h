// What `wait --for` waits for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "cli/failure.h"

namespace sluice::cli {

class Goal {
 public:
  enum class Kind : uint8_t { kPhase = 0, kCondition = 1, kDelete = 2 };

  Goal(Kind kind, std::string name, std::string status)
      : kind_(kind), name_(std::move(name)), status_(std::move(status)) {}

  bool is_delete() const { return kind_ == Kind::kDelete; }

  // `object` is null when it is not there. What was said of an older generation does not count.
  bool IsReached(const nlohmann::json& object) const;
  // "phase is Ready", "condition Ready is True", "deleted".
  std::string Reached() const;
  // Where the object stands instead: its phase, and the condition with reason and message.
  std::string Standing(const nlohmann::json& object) const;

 private:
  Kind kind_;
  std::string name_;
  std::string status_;
};

// "phase=Ready", "condition=Ready", "condition=Ready=False", "delete".
Outcome<Goal> ParseGoal(std::string_view text);

}  // namespace sluice::cli

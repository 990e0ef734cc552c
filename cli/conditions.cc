#include "cli/conditions.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using nlohmann::json;

// The member at `pointer` if it is of that type, else the fallback.
std::string TextAt(const json& object, const char* pointer) {
  const json::json_pointer at(pointer);
  if (!object.is_object() || !object.contains(at) || !object.at(at).is_string()) return "";
  return object.at(at).get<std::string>();
}

uint64_t NumberAt(const json& object, const char* pointer, uint64_t fallback) {
  const json::json_pointer at(pointer);
  if (!object.is_object() || !object.contains(at) || !object.at(at).is_number_unsigned()) {
    return fallback;
  }
  return object.at(at).get<uint64_t>();
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

const json* FindCondition(const json& object, std::string_view type) {
  static const json::json_pointer kConditions("/status/conditions");
  if (!object.is_object() || !object.contains(kConditions)) return nullptr;
  for (const json& condition : object.at(kConditions)) {
    if (EqualIgnoringCase(TextAt(condition, "/type"), type)) return &condition;
  }
  return nullptr;
}

// Observed generations that are absent, or 0, say nothing about age.
bool IsOfOlderGeneration(const json& holder, const char* pointer, const json& object) {
  const uint64_t observed = NumberAt(holder, pointer, 0);
  return observed != 0 && observed < NumberAt(object, "/metadata/generation", 0);
}

}  // namespace

bool Goal::IsReached(const json& object) const {
  switch (kind_) {
    case Kind::kDelete:
      return object.is_null();
    case Kind::kPhase:
      return EqualIgnoringCase(TextAt(object, "/status/phase"), status_) &&
             !IsOfOlderGeneration(object, "/status/observedGeneration", object);
    case Kind::kCondition: {
      const json* condition = FindCondition(object, name_);
      return condition != nullptr && EqualIgnoringCase(TextAt(*condition, "/status"), status_) &&
             !IsOfOlderGeneration(*condition, "/observedGeneration", object);
    }
  }
  Unreachable();
}

std::string Goal::Reached() const {
  switch (kind_) {
    case Kind::kDelete:
      return "deleted";
    case Kind::kPhase:
      return "phase is " + status_;
    case Kind::kCondition:
      return "condition " + name_ + " is " + status_;
  }
  Unreachable();
}

std::string Goal::Standing(const json& object) const {
  if (object.is_null()) return "it is not there";
  const std::string phase = TextAt(object, "/status/phase");
  std::string text = "its phase is " + (phase.empty() ? std::string("not set") : phase);
  const std::string type = kind_ == Kind::kCondition ? name_ : "Ready";
  const json* condition = FindCondition(object, type);
  if (condition == nullptr) return text + ", condition " + type + " is not set";
  text += fmt::format(", condition {} is {}", type, TextAt(*condition, "/status"));
  const std::string reason = TextAt(*condition, "/reason");
  const std::string message = TextAt(*condition, "/message");
  if (!reason.empty()) text += " (" + reason + (message.empty() ? "" : ": " + message) + ")";
  return text;
}

Outcome<Goal> ParseGoal(std::string_view text) {
  if (text == "delete") return Goal(Goal::Kind::kDelete, "", "");
  const size_t equals = text.find('=');
  const std::string what(text.substr(0, equals));
  const std::string rest(equals == std::string_view::npos ? "" : text.substr(equals + 1));
  if (what == "phase" && !rest.empty()) return Goal(Goal::Kind::kPhase, "", rest);
  if (what == "condition" && !rest.empty()) {
    const size_t second = rest.find('=');
    if (second == std::string::npos) return Goal(Goal::Kind::kCondition, rest, "True");
    if (second > 0 && second + 1 < rest.size()) {
      return Goal(Goal::Kind::kCondition, rest.substr(0, second), rest.substr(second + 1));
    }
  }
  return Fail(Exit::kBadInput,
              "--for '{}' should be phase=PHASE, condition=TYPE, condition=TYPE=STATUS or delete",
              text);
}

}  // namespace sluice::cli

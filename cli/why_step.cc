#include "cli/why_step.h"

#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

std::string JoinedTexts(const json& list) {
  std::string text;
  for (const json& one : list) text += (text.empty() ? "" : ", ") + one.get<std::string>();
  return text;
}

}  // namespace

std::string Text(const json& object, const char* name) { return object.value(name, ""); }

std::string CommandOf(const json& step) {
  std::string text = Text(step, "command");
  if (step.contains("sender")) return text + " from " + Text(step, "sender");
  if (step.contains("actor")) return text + " by " + Text(step, "actor");
  return text;
}

std::string OutcomeOf(const json& step) {
  if (step.contains("rejection")) {
    return "rejected " + RejectionReason(step["rejection"]);
  }
  const std::string verdict = Text(step, "verdict");
  std::string text = verdict == "Accepted" ? "" : verdict;
  if (step.contains("events")) text += (text.empty() ? "" : ", ") + JoinedTexts(step["events"]);
  return text;
}

std::string BeganWith(const json& step) {
  const std::string cause = Text(step, "cause");
  const std::string id = step.contains("id") ? ", id " + Text(step, "id") : "";
  if (step.contains("missing")) return "sent at " + Text(step, "missing") + ", not in this log";
  if (cause == "outside") {
    return "a command from outside" +
           (step.contains("actor") ? " by " + Text(step, "actor") : std::string()) + id;
  }
  if (cause == "report") return "a report of " + Text(step, "actor");
  if (cause == "timer") return "a timer";
  return "a follow-up of " + Text(step, "sender");
}

}  // namespace sluice::cli

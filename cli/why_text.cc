#include "cli/why_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "cli/why_step.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

std::string Line(const json& step) {
  std::string line = Text(step, "position") + "  " + Text(step, "entity") + "  " + CommandOf(step);
  const std::string outcome = OutcomeOf(step);
  return outcome.empty() ? line : line + "  [" + outcome + "]";
}

void PrintState(const json& step, const std::string& indent, std::ostream& out) {
  if (!step.contains("stateThen")) return;
  const json& state = step["stateThen"];
  if (!state.value("exists", true)) {
    out << indent << "it did not exist\n";
    return;
  }
  out << indent << "it was " << Text(state, "phase") << ", version "
      << state.value("version", uint64_t{0});
  if (state.contains("field")) {
    out << ", " << Text(state, "field") << " = " << state["value"].dump();
  }
  out << '\n';
  for (const char* by : {"setBy", "lastChangedBy"}) {
    if (!state.contains(by)) continue;
    out << indent << (std::string_view(by) == "setBy" ? "set so by " : "last changed by ")
        << Line(state[by]) << '\n';
  }
}

void PrintChain(const json& chain, size_t depth, std::ostream& out);

std::string ConditionText(const json& condition) {
  std::string text = Text(condition, "type") + " is " + Text(condition, "status");
  const std::string reason = Text(condition, "reason");
  const std::string message = Text(condition, "message");
  if (!reason.empty()) text += " (" + reason + (message.empty() ? "" : ": " + message) + ")";
  const std::string since = Text(condition, "lastTransitionTime");
  return since.empty() ? text : text + " since " + since;
}

// A condition as one reads it, everything else as JSON.
std::string ValueText(const json& value) {
  const bool is_condition = value.is_object() && value.contains("type") && value.contains("status");
  return is_condition ? ConditionText(value) : value.dump();
}

void PrintBecause(const json& because, size_t depth, std::ostream& out) {
  const std::string indent(2 * depth, ' ');
  out << indent << "because " << Text(because, "entity") << " " << Text(because, "path")
      << " was: " << ValueText(because.value("value", json())) << '\n';
  if (because.contains("chain")) PrintChain(because["chain"], depth + 1, out);
}

void PrintChain(const json& chain, size_t depth, std::ostream& out) {
  for (size_t i = 0; i < chain.size(); ++i) {
    const json& step = chain[i];
    const std::string indent(2 * (depth + i), ' ');
    out << indent << (i == 0 ? "" : "<- ") << Line(step) << "  " << Text(step, "time");
    if (step.contains("took")) out << "  +" << Text(step, "took");
    if (step.contains("armedAgain")) {
      out << "  (armed again " << step.value("armedAgain", uint64_t{0}) << " times)";
    }
    out << '\n';
    PrintState(step, indent + "     ", out);
    if (step.contains("because")) PrintBecause(step["because"], depth + i + 2, out);
    if (i + 1 == chain.size()) out << indent << "   began with " << BeganWith(step) << '\n';
  }
}

// "ProgramInstance at default/here"; the target too, where it is a part of the object.
std::string ActionText(const json& action) {
  const std::string target = Text(action, "target");
  const std::string location = Text(action, "location");
  const bool part = std::count(target.begin(), target.end(), '/') > 2;
  return Text(action, "verb") + (part ? " of " + target : "") +
         (location.empty() ? " (nobody carries it out: spec.location names none)"
                           : " at " + location);
}

void PrintWaits(const json& waits, size_t depth, std::ostream& out) {
  const std::string indent(2 * depth, ' ');
  if (!waits.value("exists", false)) {
    out << indent << "does not exist\n";
    return;
  }
  out << indent << "phase " << Text(waits, "phase");
  if (waits.value("deleting", false)) out << ", being deleted";
  if (waits.contains("ready")) out << "; " << ConditionText(waits["ready"]);
  out << '\n';
  if (waits.contains("quarantined")) {
    out << indent << "set aside: " << Text(waits, "quarantined") << '\n';
  }
  for (const json& action : waits.value("actions", json::array())) {
    out << indent << "waits for " << ActionText(action) << ", pending since "
        << Text(action, "since");
    if (action.value("attempt", 0) > 0) out << ", attempt " << action.value("attempt", 0);
    out << '\n';
  }
  for (const json& answer : waits.value("answers", json::array())) {
    out << indent << "waits for the answer of " << Text(answer, "entity") << " to "
        << Text(answer, "command") << " since " << Text(answer, "since") << '\n';
  }
  for (const json& on : waits.value("on", json::array())) {
    out << indent << "waits on " << Text(on, "entity") << ": " << Text(on, "says") << "  (since "
        << Text(on, "since");
    if (on.value("times", uint64_t{1}) > 1)
      out << ", " << on.value("times", uint64_t{1}) << " times";
    out << ")\n";
    if (on.contains("waits")) PrintWaits(on["waits"], depth + 1, out);
  }
  for (const json& timer : waits.value("timers", json::array())) {
    out << indent << "next timer " << Text(timer, "id") << " at " << Text(timer, "due") << '\n';
  }
  if (waits.contains("lastFailure")) {
    const json& failure = waits["lastFailure"];
    out << indent << "last failure at " << Text(failure, "position") << " ("
        << Text(failure, "time") << "): " << Text(failure, "command") << " at "
        << Text(failure, "entity") << ": " << failure.value("code", Text(failure, "reason")) << ": "
        << Text(failure, "message") << '\n';
  }
}

void PrintTree(const json& node, size_t depth, std::ostream& out) {
  out << Line(node) << "  " << Text(node, "time");
  if (node.value("seen", false)) out << "  (above)";
  if (node.value("cut", false)) out << "  ...";
  out << '\n';
  for (const json& then : node.value("then", json::array())) {
    out << std::string(2 * depth, ' ') << "-> ";
    if (!then.contains("decision")) {
      out << Text(then, "what") << ": not yet\n";
      continue;
    }
    if (Text(then, "via") != "followUp") out << Text(then, "what") << ": ";
    out << "+" << Text(then, "took") << "  ";
    PrintTree(then["decision"], depth + 1, out);
  }
}

}  // namespace

void PrintWhyEntity(const json& why, std::ostream& out) {
  out << Text(why, "entity") << "  " << Text(why, "path") << "\n  "
      << ValueText(why.value("value", json())) << '\n';
  if (why.contains("transition")) out << "  with " << Text(why, "transition") << '\n';
  if (why.contains("chain")) {
    out << "\nSet by\n";
    PrintChain(why["chain"], 1, out);
  }
  const json& waits = why.at("waits");
  if (!waits.contains("on") && !waits.contains("actions") && !waits.contains("answers") &&
      !waits.contains("timers") && !waits.contains("lastFailure")) {
    return;
  }
  out << "\nNow\n";
  PrintWaits(waits, 1, out);
}

void PrintWhyDecision(const json& why, std::ostream& out) {
  out << "Led to\n  ";
  PrintTree(why.at("led"), 2, out);
  out << "\nCame from\n";
  PrintChain(why.at("chain"), 1, out);
}

}  // namespace sluice::cli

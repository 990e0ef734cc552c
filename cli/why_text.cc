#include "cli/why_text.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>

#include "events/result.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

std::string Text(const json& object, const char* name) { return object.value(name, ""); }

std::string JoinedTexts(const json& list) {
  std::string text;
  for (const json& one : list) text += (text.empty() ? "" : ", ") + one.get<std::string>();
  return text;
}

// "Apply by ada", "Observed from instance/default/web".
std::string CommandOf(const json& step) {
  std::string text = Text(step, "command");
  if (step.contains("sender")) return text + " from " + Text(step, "sender");
  if (step.contains("actor")) return text + " by " + Text(step, "actor");
  return text;
}

std::string RejectionOf(const json& step) {
  if (!step.contains("rejection")) return "";
  const json& rejection = step["rejection"];
  const std::string field = Text(rejection, "field");
  return Text(rejection, "code") + ": " + (field.empty() ? "" : field + ": ") +
         Text(rejection, "message");
}

// What came of it, in short.
std::string OutcomeOf(const json& step) {
  if (const std::string rejection = RejectionOf(step); !rejection.empty()) {
    return "rejected " + rejection;
  }
  const std::string verdict = Text(step, "verdict");
  std::string text = verdict == "Accepted" ? "" : verdict;
  if (step.contains("events")) text += (text.empty() ? "" : ", ") + JoinedTexts(step["events"]);
  return text;
}

std::string Line(const json& step) {
  std::string line = Text(step, "position") + "  " + Text(step, "entity") + "  " + CommandOf(step);
  const std::string outcome = OutcomeOf(step);
  return outcome.empty() ? line : line + "  [" + outcome + "]";
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

// Nodes by position, edges from cause to effect.
class Flowchart {
 public:
  void AddChain(const json& chain) {
    for (size_t i = 0; i < chain.size(); ++i) {
      const std::string node = Node(chain[i]);
      if (i + 1 < chain.size()) Edge(Node(chain[i + 1]), node, Text(chain[i], "took"));
      if (i + 1 == chain.size()) Edge(Begin(chain[i], node), node, "");
      if (!chain[i].contains("because")) continue;
      const json& because = chain[i]["because"];
      if (!because.contains("chain") || because["chain"].empty()) continue;
      Edge(Node(because["chain"].front()), node, "because");
      AddChain(because["chain"]);
    }
  }

  void AddTree(const json& tree) {
    const std::string node = Node(tree);
    for (const json& then : tree.value("then", json::array())) {
      if (!then.contains("decision")) continue;
      Edge(node, Node(then["decision"]), Text(then, "took"));
      AddTree(then["decision"]);
    }
  }

  void Print(std::ostream& out) const {
    out << "flowchart TD\n";
    for (const auto& [name, text] : nodes_) out << "  " << name << text << '\n';
    for (const std::string& edge : edges_) out << "  " << edge << '\n';
  }

 private:
  static std::string Escaped(std::string_view text) {
    static const std::map<char, std::string_view> kEscapes{
        {'"', "#quot;"}, {'<', "#lt;"}, {'>', "#gt;"}};
    std::string out;
    for (const char c : text) {
      const auto escape = kEscapes.find(c);
      escape == kEscapes.end() ? out += c : out += escape->second;
    }
    return out;
  }

  std::string Node(const json& step) {
    std::string name = "d" + Text(step, "position");
    for (char& c : name) c = c == ':' ? '_' : c;
    std::string text = Escaped(Text(step, "position") + " " + Text(step, "entity")) + "<br/>" +
                       Escaped(CommandOf(step));
    const std::string outcome = OutcomeOf(step);
    if (!outcome.empty()) text += "<br/>" + Escaped(outcome);
    nodes_[name] = "[\"" + text + "\"]";
    return name;
  }

  std::string Begin(const json& step, const std::string& node) {
    const std::string name = "b" + node;
    nodes_[name] = "([\"" + Escaped(BeganWith(step)) + "\"])";
    return name;
  }

  void Edge(const std::string& from, const std::string& to, const std::string& label) {
    edges_.insert(from + (label.empty() ? " --> " : " -->|" + label + "| ") + to);
  }

  std::map<std::string, std::string> nodes_;
  std::set<std::string> edges_;
};

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

void PrintMermaid(const json& why, std::ostream& out) {
  Flowchart chart;
  const json one = json::array({why});
  for (const json& answer : why.contains("decisions") ? why["decisions"] : one) {
    if (answer.contains("chain")) chart.AddChain(answer["chain"]);
    if (answer.contains("led")) chart.AddTree(answer["led"]);
  }
  chart.Print(out);
}

}  // namespace sluice::cli

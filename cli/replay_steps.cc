#include "cli/replay_steps.h"

#include <charconv>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "cli/commands.h"
#include "cli/debugger.h"
#include "cli/yaml.h"
#include "events/result.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

void PrintRejection(const json& step, std::ostream& out) {
  if (step.contains("rejection")) out << "  " << RejectionReason(step["rejection"]) << '\n';
}

}  // namespace

void PrintStep(const json& step, StepView view, std::ostream& out) {
  out << step.value("position", "") << "  " << step.value("time", "") << "  "
      << step.value("entity", "") << "  " << step.value("command", "");
  if (step.contains("sender")) {
    out << " from " << step.value("sender", "");
  } else if (step.contains("actor")) {
    out << " by " << step.value("actor", "");
  }
  out << "  " << step.value("verdict", "") << '\n';
  PrintRejection(step, out);
  if (step.contains("transition")) out << "  " << step.value("transition", "") << '\n';
  if (step.contains("events")) {
    std::string events;
    for (const json& event : step["events"]) {
      events += (events.empty() ? "" : ", ") + event.get<std::string>();
    }
    out << "  events: " << events << '\n';
  }
  for (const json& effect : step.value("effects", json::array())) {
    out << "  sends " << effect.get<std::string>() << '\n';
  }
  PrintChanges(step.at("changes"), "    ", out);
  if (view.state && step.contains("state")) out << WriteYaml(step["state"]);
  if (step.value("holds", false)) out << "  the expression holds\n";
}

void StepThrough(const std::vector<json>& steps, Environment& environment) {
  std::ostream& out = environment.out;
  if (steps.empty()) {
    out << "No decisions.\n";
    return;
  }
  size_t at = 0;
  bool show = true;
  std::string word;
  while (!environment.stop.stop_requested()) {
    if (show) {
      out << "\n[" << at + 1 << "/" << steps.size() << "]  ";
      PrintStep(steps[at], {}, out);
    }
    out << "(n)ext, (p)revious, (f)irst, (l)ast, a number, (s)tate, (q)uit: " << std::flush;
    if (!std::getline(environment.in, word)) return;
    show = true;
    size_t number = 0;
    const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (word == "q") return;
    if (word.empty() || word == "n") {
      if (at + 1 < steps.size()) {
        ++at;
      } else {
        out << "That was the last.\n";
        show = false;
      }
    } else if (word == "p") {
      if (at > 0) --at;
    } else if (word == "f") {
      at = 0;
    } else if (word == "l") {
      at = steps.size() - 1;
    } else if (word == "s") {
      out << WriteYaml(steps[at].value("state", json::object()));
      show = false;
    } else if (fault == std::errc() && end == word.data() + word.size() && number >= 1 &&
               number <= steps.size()) {
      at = number - 1;
    } else {
      out << "'" << word << "' is none of these.\n";
      show = false;
    }
  }
}

}  // namespace sluice::cli

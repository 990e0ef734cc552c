#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/debugger.h"
#include "cli/output.h"
#include "cli/verbs/debugger_verbs.h"
#include "cli/why_mermaid.h"
#include "cli/why_text.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct WhyOptions {
  std::vector<std::string> words;
  std::string condition;
  std::string field;
  std::string at;
  std::string form = "tree";
};

// "0:17" is a decision; "0:17/2" is the id of a follow-up.
bool IsPosition(std::string_view text) {
  const size_t colon = text.find(':');
  return colon != text.npos && colon > 0 && colon + 1 < text.size() &&
         text.find_first_not_of("0123456789:") == text.npos;
}

Outcome<Parameters> WhyParameters(Session& session, const WhyOptions& options) {
  const bool of_entity = !options.condition.empty() || !options.field.empty() ||
                         !options.at.empty() || options.words.size() > 1;
  const std::string& word = options.words.front();
  if (!of_entity && IsPosition(word)) return Parameters{{"position", word}};
  // A command's id may be any text; an object is a kind and a name.
  if (!of_entity && (word.find('/') == word.npos || word.find(':') != word.npos)) {
    return Parameters{{"id", word}};
  }
  if (options.words.size() == 1 && IsPosition(word)) {
    return Fail(Exit::kBadInput,
                "why {}: of a decision; --at, --condition and --field are of an object (KIND/NAME)",
                word);
  }
  const auto ref = session.ParseOneRef(options.words);
  if (!ref) return Again(ref.error());
  const auto at = PointInTime(session, "why --at", options.at);
  if (!at) return Again(at.error());
  return Parameters{{"entity", ref->Key()},
                    {"condition", options.condition},
                    {"field", options.field},
                    {"at", *at}};
}

Outcome<Exit> Why(Session& session, const WhyOptions& options) {
  const auto parameters = WhyParameters(session, options);
  if (!parameters) return Again(parameters.error());
  const auto why = AskDebugger(session, "why", *parameters);
  if (!why) return Again(why.error());
  std::ostream& out = session.env().out;
  if (options.form == "mermaid") {
    PrintMermaid(*why, out);
  } else if (options.form != "tree") {
    PrintValue(*why, {.form = options.form}, out);
  } else if (why->contains("decisions")) {
    bool first = true;
    for (const json& one : (*why)["decisions"]) {
      if (!std::exchange(first, false)) out << '\n';
      PrintWhyDecision(one, out);
    }
  } else if (why->contains("led")) {
    PrintWhyDecision(*why, out);
  } else {
    PrintWhyEntity(*why, out);
  }
  return Exit::kDone;
}

}  // namespace

void DefineWhy(CommandLine& line) {
  const auto options = std::make_shared<WhyOptions>();
  Arguments verb = line.Verb(
      "why",
      "Shows what set a value and what led there, what is waited for, what a command led to");
  verb.Words("KIND/NAME|POSITION|ID", &options->words,
             "An object; a decision (0:17); or the id of a command")
      .Text("--condition", &options->condition, "Of the object: this condition [Ready]")
      .Text("--field", &options->field, "Of the object: this field, status.phase")
      .Text("--at", &options->at, "Of the object: as of a position, a time, or so long ago (-5m)")
      .Choice("-o,--output", &options->form, {"tree", "json", "yaml", "mermaid"},
              "How to print [tree]");
  verb.Run([options](Session& session) { return Why(session, *options); });
}

}  // namespace sluice::cli

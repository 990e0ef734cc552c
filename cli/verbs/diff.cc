#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/debugger.h"
#include "cli/differences.h"
#include "cli/output.h"
#include "cli/verbs/debugger_verbs.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct DiffOptions {
  std::vector<std::string> words;
  std::string from;
  std::string to;
  std::string against;
  bool all_namespaces = false;
  Output output;
};

// What the words choose: entity; or kind and namespace.
Outcome<Parameters> DiffSelection(Session& session, const DiffOptions& options) {
  Parameters selection;
  if (!options.words.empty()) {
    KindInfo kind;
    const auto refs = session.ParseRefs(options.words, &kind);
    if (!refs) return Again(refs.error());
    if (refs->size() > 1) {
      return Fail(Exit::kBadInput, "diff: one object, or a kind, or everything");
    }
    if (!refs->empty()) return Parameters{{"entity", refs->front().Key()}};
    selection.emplace_back("kind", kind.singular);
  }
  if (!options.all_namespaces) selection.emplace_back("namespace", session.namespace_name());
  return selection;
}

Outcome<Exit> Diff(Session& session, const DiffOptions& options) {
  const auto from = PointInTime(session, "diff --from", options.from);
  if (!from) return Again(from.error());
  const auto to = PointInTime(session, "diff --to", options.to);
  if (!to) return Again(to.error());
  const auto selection = DiffSelection(session, options);
  if (!selection) return Again(selection.error());
  if (!options.against.empty()) {
    if (!options.from.empty()) {
      return Fail(Exit::kBadInput, "diff: give --from, or --against for another log, not both");
    }
    return DiffAgainst(
        session,
        {.path = options.against, .to = *to, .selection = *selection, .output = options.output});
  }
  Parameters parameters{{"from", *from}, {"to", *to}};
  parameters.insert(parameters.end(), selection->begin(), selection->end());
  std::ostream& out = session.env().out;
  json items = json::array();
  bool first = true;
  const auto result = AskDebugger(session, "diff", parameters, [&](json item) {
    if (!options.output.is_table()) {
      items.push_back(std::move(item));
      return true;
    }
    if (!std::exchange(first, false)) out << '\n';
    PrintDifference(item, out);
    return out.good();
  });
  if (!result) return Again(result.error());
  if (!options.output.is_table()) {
    json whole = *result;
    whole["items"] = std::move(items);
    PrintValue(whole, options.output, out);
  } else if (first && !result->contains("notKnown")) {
    session.env().err << "Nothing differs between " << result->value("from", "") << " and "
                      << result->value("to", "") << ".\n";
  }
  for (const json& why : result->value("notKnown", json::array())) {
    session.env().err << "sluice: " << why.get<std::string>() << '\n';
  }
  return Exit::kDone;
}

}  // namespace

void DefineDiff(CommandLine& line) {
  const auto options = std::make_shared<DiffOptions>();
  Arguments verb = line.Verb("diff", "Shows what differs between two points, and what made it so");
  verb.Words("KIND/NAME", &options->words, "An object, or a kind [everything in the namespace]",
             false)
      .Text("--from", &options->from, "Since when: a position, a time, or so long ago (-5m)")
      .Text("--to", &options->to, "Until when [now]")
      .Text("--against", &options->against,
            "Since a fork, or its original: a data directory or an exported file")
      .Flag("-A,--all-namespaces", &options->all_namespaces, "In all namespaces");
  options->output.Declare(verb);
  verb.Run([options](Session& session) { return Diff(session, *options); });
}

}  // namespace sluice::cli

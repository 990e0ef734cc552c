#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"
#include "service/client/url.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct QuarantineOptions {
  std::vector<std::string> words;
  bool skip = false;
  Output output;
};

Outcome<Exit> ListQuarantine(Session& session, const Output& output) {
  json items = json::array();
  const auto read =
      ForEachItem(session, "list what is quarantined", "/quarantine", {}, [&](json item) {
        items.push_back(std::move(item));
        return true;
      });
  if (!read) return Again(read.error());
  if (!output.is_table()) {
    PrintValue({{"items", items}}, output, session.env().out);
  } else if (items.empty()) {
    session.env().err << "Nothing is quarantined.\n";
  } else {
    Table table({"ENTITY", "SINCE", "PARKED", "REASON"});
    for (const json& item : items) {
      table.Add({Member(item, "entity"), Member(item, "since"), Member(item, "parked"),
                 Member(item, "reason")});
    }
    table.Print(session.env().out);
  }
  return Exit::kDone;
}

Outcome<Exit> Release(Session& session, const QuarantineOptions& options) {
  const auto ref = session.ParseOneRef(options.words);
  if (!ref) return Again(ref.error());
  const auto result =
      session.Ask("release " + ref->Key(),
                  {.method = "POST",
                   .target = "/quarantine/" + ref->kind.singular + "/" +
                             PercentEncode(ref->namespace_) + "/" + PercentEncode(ref->name) +
                             "/release" + QueryString({{"skip", options.skip ? "true" : ""}})});
  if (!result) return Again(result.error());
  const bool accepted = result->is_object() && result->value("accepted", false);
  session.env().out << ref->Key() << ' ' << (accepted ? "released" : RejectionText(*result))
                    << '\n';
  return accepted ? Exit::kDone : Exit::kRejected;
}

}  // namespace

void DefineQuarantine(CommandLine& line) {
  const auto options = std::make_shared<QuarantineOptions>();
  Arguments verb = line.Verb("quarantine", "Entities set aside after a defect: lists, releases");
  Arguments list = verb.Sub("list", "Shows what is set aside, why, and how much waits for it");
  options->output.Declare(list);
  list.Run([options](Session& session) { return ListQuarantine(session, options->output); });
  Arguments release = verb.Sub("release", "Gives an entity its parked commands again, in order");
  release.Words("KIND/NAME", &options->words, "The entity")
      .Flag("--skip", &options->skip, "Without the first of them, the one that failed")
      .Run([options](Session& session) { return Release(session, *options); });
}

}  // namespace sluice::cli

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

struct DeadLettersOptions {
  std::vector<std::string> ids;
  bool all = false;
  Output output;
};

Outcome<json> ReadAll(Session& session) {
  json items = json::array();
  const auto read =
      ForEachItem(session, "list the dead letters", "/dead-letters", {}, [&](json item) {
        items.push_back(std::move(item));
        return true;
      });
  if (!read) return Again(read.error());
  return items;
}

Outcome<Exit> ListDeadLetters(Session& session, const Output& output) {
  const auto items = ReadAll(session);
  if (!items) return Again(items.error());
  if (!output.is_table()) {
    PrintValue({{"items", *items}}, output, session.env().out);
  } else if (items->empty()) {
    session.env().err << "There are no dead letters.\n";
  } else {
    Table table({"ID", "TIME", "ORIGIN", "SIZE", "REASON"});
    for (const json& item : *items) {
      table.Add({Member(item, "id"), Member(item, "time"), Member(item, "origin"),
                 Member(item, "size"), Member(item, "reason")});
    }
    table.Print(session.env().out);
  }
  return Exit::kDone;
}

Outcome<Exit> RetryOne(Session& session, const std::string& id) {
  const auto result =
      session.Ask("retry dead letter " + id,
                  {.method = "POST", .target = "/dead-letters/" + PercentEncode(id) + "/retry"});
  if (!result) return Again(result.error());
  const bool accepted = result->is_object() && result->value("accepted", false);
  session.env().out << id << ' ' << (accepted ? "accepted" : RejectionText(*result)) << std::endl;
  return accepted ? Exit::kDone : Exit::kRejected;
}

Outcome<Exit> Retry(Session& session, const DeadLettersOptions& options) {
  std::vector<std::string> ids = options.ids;
  if (ids.empty() != options.all) {
    return Fail(Exit::kBadInput, "dead-letters retry: give IDs of 'dead-letters list', or --all");
  }
  if (options.all) {
    const auto items = ReadAll(session);
    if (!items) return Again(items.error());
    for (const json& item : *items) ids.push_back(Member(item, "id"));
  }
  Exit worst = Exit::kDone;
  for (const std::string& id : ids) {
    const auto retried = RetryOne(session, id);
    if (!retried && retried.error().exit == Exit::kUnavailable) return retried;
    if (!retried) session.env().err << "sluice: " << retried.error().message << '\n';
    worst = Worse(worst, retried ? *retried : retried.error().exit);
  }
  return worst;
}

}  // namespace

void DefineDeadLetters(CommandLine& line) {
  const auto options = std::make_shared<DeadLettersOptions>();
  Arguments verb = line.Verb("dead-letters", "Bytes that were no command: lists, retries");
  Arguments list = verb.Sub("list", "Shows them, with reason and origin");
  options->output.Declare(list);
  list.Run([options](Session& session) { return ListDeadLetters(session, options->output); });
  Arguments retry = verb.Sub("retry", "Decides their bytes anew, as commands");
  retry.Words("ID", &options->ids, "Of the list", false)
      .Flag("--all", &options->all, "All there are")
      .Run([options](Session& session) { return Retry(session, *options); });
}

}  // namespace sluice::cli

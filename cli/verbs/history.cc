#include "cli/history.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/output.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct Options {
  std::vector<std::string> words;
  uint64_t limit = 0;
  Output output;
};

Outcome<Exit> History(Session& session, const Options& options) {
  const auto ref = session.ParseOneRef(options.words);
  if (!ref) return Again(ref.error());
  json items = json::array();
  const auto read = ForEachItem(session, "read the history of " + ref->Key(), HistoryPath(*ref), {},
                                [&](json item) {
                                  items.push_back(std::move(item));
                                  return options.limit == 0 || items.size() < options.limit;
                                });
  if (!read) return Again(read.error());
  std::ostream& out = session.env().out;
  if (!options.output.is_table()) {
    PrintValue({{"items", items}}, options.output, out);
  } else if (items.empty()) {
    session.env().err << ref->Key() << " has no history.\n";
  } else {
    Table table(HistoryHeadings(options.output.is_wide()));
    for (const json& item : items) table.Add(HistoryCells(item, options.output.is_wide()));
    table.Print(out);
  }
  return Exit::kDone;
}

}  // namespace

void DefineHistory(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  Arguments verb = line.Verb("history", "Shows every decision about an object, oldest first");
  verb.Words("KIND/NAME", &options->words, "The object, there or gone")
      .Number("--limit", &options->limit, "The first so many [all]");
  options->output.Declare(verb);
  verb.Run([options](Session& session) { return History(session, *options); });
}

}  // namespace sluice::cli

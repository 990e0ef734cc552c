#include "cli/history.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/debugger.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct HistoryOptions {
  std::vector<std::string> words;
  uint64_t limit = 0;
  uint64_t last = 0;
  std::string since;
  std::string until;
  std::string command;
  std::string verdict;
  bool follow = false;
  Output output;
};

Outcome<Parameters> HistoryParameters(Session& session, const HistoryOptions& options) {
  const auto ref = session.ParseOneRef(options.words);
  if (!ref) return Again(ref.error());
  const auto since = PointInTime(session, "history --since", options.since);
  if (!since) return Again(since.error());
  const auto until = PointInTime(session, "history --until", options.until);
  if (!until) return Again(until.error());
  if (options.follow && (!options.until.empty() || options.limit > 0)) {
    return Fail(Exit::kBadInput,
                "history: -f goes on for ever; it takes neither --until nor --limit");
  }
  const auto number = [](uint64_t n) { return n == 0 ? "" : std::to_string(n); };
  return Parameters{{"entity", ref->Key()},
                    {"since", *since},
                    {"until", *until},
                    {"command", options.command},
                    {"verdict", options.verdict},
                    {"limit", number(options.limit)},
                    {"last", number(options.last)},
                    {"follow", options.follow ? "true" : ""}};
}

HistoryView ViewOf(const HistoryOptions& options) {
  return {.wide = options.output.is_wide(), .changes = true};
}

// Shows rows as they come where more will; otherwise all at once, so that columns fit.
class HistoryPrinter {
 public:
  HistoryPrinter(const HistoryOptions& options, std::ostream& out)
      : options_(options), out_(out), table_(HistoryHeadings(ViewOf(options))) {}

  bool Take(json item) {
    ++count_;
    if (!options_.output.is_table()) {
      if (options_.follow) {
        PrintValue(item, options_.output, out_);
      } else {
        items_.push_back(std::move(item));
      }
    } else {
      table_.Add(HistoryCells(item, ViewOf(options_)));
      if (options_.follow) {
        table_.Print(out_);
        out_.flush();
      }
    }
    return out_.good();
  }

  // False: there was nothing.
  bool Finish() {
    if (!options_.output.is_table()) {
      if (!options_.follow) PrintValue({{"items", items_}}, options_.output, out_);
      return true;
    }
    if (!table_.empty()) table_.Print(out_);
    return count_ > 0;
  }

 private:
  const HistoryOptions& options_;
  std::ostream& out_;
  Table table_;
  json items_ = json::array();
  size_t count_ = 0;
};

Outcome<Exit> History(Session& session, const HistoryOptions& options) {
  const auto parameters = HistoryParameters(session, options);
  if (!parameters) return Again(parameters.error());
  HistoryPrinter printer(options, session.env().out);
  const auto result = AskDebugger(session, "history", *parameters,
                                  [&](json item) { return printer.Take(std::move(item)); });
  // Whoever follows ends it.
  if (!result && !(options.follow && session.env().stop.stop_requested())) {
    return Again(result.error());
  }
  if (result && result->contains("stateUnknown")) {
    session.env().err << "sluice: " << result->value("stateUnknown", "")
                      << ". Without it what changed is not known.\n";
  }
  if (!printer.Finish()) {
    const bool filtered = !options.since.empty() || !options.until.empty() ||
                          !options.command.empty() || !options.verdict.empty();
    session.env().err << parameters->front().second
                      << (filtered ? " has no such decisions.\n" : " has no history.\n");
  }
  return Exit::kDone;
}

}  // namespace

void DefineHistory(CommandLine& line) {
  const auto options = std::make_shared<HistoryOptions>();
  Arguments verb = line.Verb("history", "Shows every decision about an object, oldest first");
  verb.Words("KIND/NAME", &options->words, "The object, there or gone")
      .Number("--limit", &options->limit, "The first so many [all]")
      .Number("--last", &options->last, "The last so many [all]")
      .Text("--since", &options->since, "From a position, a time, or so long ago (-5m)")
      .Text("--until", &options->until, "Up to a position, a time, or so long ago")
      .Text("--command", &options->command, "Of this command only")
      .Text("--verdict", &options->verdict, "Of this verdict only: Rejected, Duplicate, Ignored...")
      .Flag("-f,--follow", &options->follow, "Goes on with every decision");
  options->output.Declare(verb);
  verb.Run([options](Session& session) { return History(session, *options); });
}

}  // namespace sluice::cli

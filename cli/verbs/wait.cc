#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "cli/conditions.h"
#include "cli/verbs/verbs.h"
#include "cli/watch.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct WaitOptions {
  std::vector<std::string> words;
  std::string what;
  Duration timeout = Duration::Seconds(30);
};

Outcome<Exit> Wait(Session& session, const WaitOptions& options) {
  const auto goal = ParseGoal(options.what);
  if (!goal) return Again(goal.error());
  const auto ref = session.ParseOneRef(options.words);
  if (!ref) return Again(ref.error());
  json last;  // Null: not there.
  bool is_missing = false;
  const WatchHandlers handlers{
      .on_list = [&](const json& list) -> Outcome<bool> {
        last = list.at("items").empty() ? json() : list.at("items").front();
        is_missing = last.is_null() && !goal->is_delete();
        return !is_missing && !goal->IsReached(last);
      },
      .on_event = [&](const std::string& type, const json& object) -> Outcome<bool> {
        last = type == "DELETED" ? json() : object;
        is_missing = last.is_null() && !goal->is_delete();
        return !is_missing && !goal->IsReached(last);
      },
  };
  const auto end = ListAndWatch(session, OnlyObject(*ref), handlers, options.timeout);
  if (!end) return Again(end.error());
  if (is_missing) return Fail(Exit::kRejected, "{}: not found", ref->Key());
  if (*end == WatchEnd::kEnough) {
    session.env().out << ref->Key() << ' ' << goal->Reached() << std::endl;
    return Exit::kDone;
  }
  return Fail(
      Exit::kRejected, "{} {} waiting for {}: {}", ref->Key(),
      *end == WatchEnd::kElapsed ? "timed out after " + FormatDuration(options.timeout) : "stopped",
      options.what, goal->Standing(last));
}

}  // namespace

void DefineWait(CommandLine& line) {
  const auto options = std::make_shared<WaitOptions>();
  Arguments verb = line.Verb("wait", "Waits until an object has come to be something");
  verb.Words("KIND/NAME", &options->words, "The object")
      .Text("--for", &options->what, "phase=PHASE, condition=TYPE[=STATUS] or delete")
      .Length("--timeout", &options->timeout, "How long at most; 0 is for ever [30s]")
      .Run([options](Session& session) { return Wait(session, *options); });
}

}  // namespace sluice::cli

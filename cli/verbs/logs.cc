#include <ostream>

#include "cli/session.h"
#include "cli/verbs/verbs.h"
#include "service/client/url.h"

namespace sluice::cli {
namespace {

struct Options {
  std::vector<std::string> words;
  bool follow = false;
  std::string tail;
};

Outcome<Exit> Logs(Session& session, const Options& options) {
  std::vector<std::string> words = options.words;
  if (words.size() == 1 && words.front().find('/') == std::string::npos) {
    words.insert(words.begin(), "instance");
  }
  const auto ref = session.ParseOneRef(words);
  if (!ref) return Again(ref.error());
  if (ref->kind.singular != "instance") {
    return Fail(Exit::kBadInput, "logs: only instances have output, not {}", ref->Key());
  }
  const std::string target =
      "/logs/" + PercentEncode(ref->namespace_) + "/" + PercentEncode(ref->name) +
      QueryString({{"tail", options.tail}, {"follow", options.follow ? "true" : ""}});
  const auto outcome = session.api().Stream(
      {.target = target},
      [&](std::string_view line) {
        session.env().out << line << '\n';
        if (options.follow) session.env().out.flush();
        return session.env().out.good();
      },
      session.env().stop);
  if (!outcome) return FromError(outcome.error());
  if (outcome->end == StreamEnd::kRefused) {
    return FromResponse("read the output of " + ref->Key(), outcome->response);
  }
  return Exit::kDone;
}

}  // namespace

void DefineLogs(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  Arguments verb = line.Verb("logs", "Shows what an instance's process wrote");
  verb.Words("NAME", &options->words, "The instance")
      .Flag("-f,--follow", &options->follow, "Goes on with what it writes")
      .Text("--tail", &options->tail, "The last so many lines [all]")
      .Run([options](Session& session) { return Logs(session, *options); });
}

}  // namespace sluice::cli

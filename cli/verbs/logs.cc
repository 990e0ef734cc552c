#include <charconv>
#include <optional>
#include <ostream>

#include "cli/session.h"
#include "cli/verbs/verbs.h"
#include "providers/local/log_reader.h"
#include "service/client/url.h"

namespace sluice::cli {
namespace {

struct LogsOptions {
  std::vector<std::string> words;
  bool follow = false;
  std::string tail;
  std::string data;
};

// What a provider apart from the node keeps on this host.
Outcome<Exit> ReadHere(Session& session, const ObjectRef& ref, const LogsOptions& options) {
  constexpr auto kLookAgain = Duration::Millis(200);
  std::optional<uint64_t> tail;
  if (!options.tail.empty()) {
    uint64_t lines = 0;
    const char* end = options.tail.data() + options.tail.size();
    if (std::from_chars(options.tail.data(), end, lines).ptr != end) {
      return Fail(Exit::kBadInput, "--tail '{}' is no number of lines", options.tail);
    }
    tail = lines;
  }
  auto reader = local::LogReader::Open(options.data, {ref.namespace_, ref.name}, tail);
  if (!reader) return FromError(reader.error());
  while (session.env().out.good() && !session.env().stop.stop_requested()) {
    const auto text = reader->Read();
    if (!text) return FromError(text.error());
    session.env().out << *text;
    if (!text->empty()) continue;
    if (!options.follow || reader->ended()) break;
    session.env().out.flush();
    session.env().pause(kLookAgain);
  }
  return Exit::kDone;
}

Outcome<Exit> Logs(Session& session, const LogsOptions& options) {
  std::vector<std::string> words = options.words;
  if (words.size() == 1 && words.front().find('/') == std::string::npos) {
    words.insert(words.begin(), "instance");
  }
  const auto ref = session.ParseOneRef(words);
  if (!ref) return Again(ref.error());
  if (ref->kind.singular != "instance") {
    return Fail(Exit::kBadInput, "logs: only instances have output, not {}", ref->Key());
  }
  if (!options.data.empty()) return ReadHere(session, *ref, options);
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
  const auto options = std::make_shared<LogsOptions>();
  Arguments verb = line.Verb("logs", "Shows what an instance's process wrote");
  verb.Words("NAME", &options->words, "The instance")
      .Flag("-f,--follow", &options->follow, "Goes on with what it writes")
      .Text("--tail", &options->tail, "The last so many lines [all]")
      .Text("--data", &options->data,
            "Read here what a provider apart from the node keeps under it")
      .Run([options](Session& session) { return Logs(session, *options); });
}

}  // namespace sluice::cli

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/debugger.h"
#include "cli/exporting.h"
#include "cli/forking.h"
#include "cli/output.h"
#include "cli/replay_steps.h"
#include "cli/verbs/debugger_verbs.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct ReplayOptions {
  std::vector<std::string> words;
  std::string from;
  std::string to;
  std::string until;
  bool bisect = false;
  bool state = false;
  bool what_if = false;
  ForkOptions fork;
  Output output;
};

void PrintWhatIf(const json& result, std::ostream& out) {
  out << result.value("decidedAgain", uint64_t{0}) << " of " << result.value("records", uint64_t{0})
      << " decisions made again by build " << result.value("build", "")
      << fmt::format(" in {:.2f} s", result.value("seconds", 0.0)) << '\n';
  for (const json& group : result.at("differences")) {
    const json& example = group.at("example");
    out << '\n'
        << group.value("count", uint64_t{0}) << " x  " << group.value("kind", "") << "  "
        << group.value("command", "") << "  " << group.value("difference", "") << '\n'
        << "  first at " << example.value("position", "") << "  " << example.value("entity", "")
        << '\n';
    PrintChanges(example.at("differs"), "    ", out);
  }
  if (result.contains("divergence")) {
    const json& found = result["divergence"];
    out << "\nThe log itself diverges at " << found.value("position", "") << ": "
        << found.value("message", "") << "\n'sluice verify' looks into it.\n";
  } else if (result.at("differences").empty()) {
    out << "Every one comes out as it was recorded.\n";
  }
}

// Before what decides the log again.
Outcome<Exit> WarnIfRedacted(Session& session) {
  const auto paths = RedactedPaths(session);
  if (!paths) return Again(paths.error());
  if (!paths->empty()) {
    session.env().err << "sluice: the log is redacted (" << *paths
                      << "): what differs may do so for that alone\n";
  }
  return Exit::kDone;
}

Outcome<Exit> WhatIf(Session& session, const ReplayOptions& options) {
  if (auto warned = WarnIfRedacted(session); !warned) return warned;
  const auto result = AskDebugger(session, "what-if", {});
  if (!result) return Again(result.error());
  if (options.output.is_table()) {
    PrintWhatIf(*result, session.env().out);
  } else {
    PrintValue(*result, options.output, session.env().out);
  }
  return result->value("ok", false) ? Exit::kDone : Exit::kRejected;
}

Outcome<Parameters> ReplayParameters(Session& session, const ReplayOptions& options,
                                     bool with_state) {
  KindInfo kind;
  const auto refs = session.ParseRefs(options.words, &kind);
  if (!refs) return Again(refs.error());
  if (refs->empty()) {
    return Fail(Exit::kBadInput, "replay: name one object or several, as KIND/NAME; or --what-if");
  }
  std::string entities;
  for (const ObjectRef& ref : *refs) entities += (entities.empty() ? "" : ",") + ref.Key();
  const auto from = PointInTime(session, "replay --from", options.from);
  if (!from) return Again(from.error());
  const auto to = PointInTime(session, "replay --to", options.to);
  if (!to) return Again(to.error());
  return Parameters{{"entities", entities},
                    {"from", *from},
                    {"to", *to},
                    {"until", options.until},
                    {"bisect", options.bisect ? "true" : ""},
                    {"state", with_state ? "true" : ""}};
}

Outcome<Exit> Replay(Session& session, const ReplayOptions& options) {
  if (options.what_if && !options.fork.directory.empty()) {
    return Fail(Exit::kBadInput,
                "replay: --fork decides what would have been, --what-if what this build decides; "
                "ask for one of them");
  }
  if (options.what_if) {
    if (!options.words.empty() || !options.until.empty() || options.bisect) {
      return Fail(Exit::kBadInput, "replay --what-if: takes the whole log, and no object");
    }
    return WhatIf(session, options);
  }
  if (!options.fork.directory.empty()) {
    if (!options.words.empty() || !options.until.empty() || !options.from.empty() ||
        !options.to.empty()) {
      return Fail(Exit::kBadInput, "replay --fork: takes the whole log, and no object");
    }
    if (auto warned = WarnIfRedacted(session); !warned) return warned;
    ForkOptions fork = options.fork;
    fork.output = options.output;
    return Fork(session, fork);
  }
  if (options.fork.has_changes()) {
    return Fail(Exit::kBadInput, "replay: a change needs --fork DIR to go into");
  }
  std::ostream& out = session.env().out;
  const bool interactive =
      options.output.is_table() && isatty(STDOUT_FILENO) != 0 && isatty(STDIN_FILENO) != 0;
  const auto parameters = ReplayParameters(session, options, options.state || interactive);
  if (!parameters) return Again(parameters.error());
  std::vector<json> steps;
  const auto result = AskDebugger(session, "replay", *parameters, [&](json item) {
    if (interactive || !options.output.is_table()) {
      steps.push_back(std::move(item));
    } else {
      PrintStep(item, {.state = options.state}, out);
    }
    return out.good();
  });
  if (!result) return Again(result.error());
  // Whoever read has had enough.
  if (result->is_null()) return Exit::kDone;
  const bool stopped = result->contains("stoppedAt");
  if (!options.output.is_table()) {
    json whole = *result;
    whole["items"] = steps;
    PrintValue(whole, options.output, out);
  } else if (interactive) {
    StepThrough(steps, session.env());
  } else if (stopped) {
    out << "Holds from " << result->value("stoppedAt", "") << " on: " << result->value("entity", "")
        << '\n';
  }
  if (options.until.empty() || stopped) return Exit::kDone;
  session.env().err << "It holds nowhere in " << result->value("steps", uint64_t{0})
                    << " decisions.\n";
  return Exit::kRejected;
}

}  // namespace

void DefineReplay(CommandLine& line) {
  const auto options = std::make_shared<ReplayOptions>();
  Arguments verb = line.Verb(
      "replay", "Steps through the life of objects; --what-if decides the whole log again");
  verb.Words("KIND/NAME", &options->words, "One object or several, there or gone", false)
      .Text("--from", &options->from, "From a position, a time, or so long ago (-5m)")
      .Text("--to", &options->to, "Up to there [now]")
      .Text("--until", &options->until,
            "Stops where this begins to hold: \"status.phase == 'Degraded' and not spec.paused\"")
      .Flag("--bisect", &options->bisect, "Looks by halves: for what once true stays true")
      .Flag("--state", &options->state, "Shows the whole state after each step")
      .Flag("--what-if", &options->what_if,
            "Decides every recorded command again by this build's machines; 1 if any differs")
      .Text("--fork", &options->fork.directory,
            "Makes a data directory of the log with a change, all that follows included")
      .Texts("--drop", &options->fork.drop, "Without the command of this id or position")
      .Texts("--edit", &options->fork.edit, "ID=JSON: with another payload")
      .Texts("--insert", &options->fork.insert,
             "POSITION=JSON: with a command before that decision")
      .Texts("--delay", &options->fork.delay, "ID=DURATION: so much later");
  options->output.Declare(verb);
  verb.Run([options](Session& session) { return Replay(session, *options); });
}

}  // namespace sluice::cli

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/manifests.h"
#include "cli/verbs/verbs.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct ApplyOptions {
  std::vector<std::string> files;
  Duration timeout = kCommandTimeout;
};

// The first event of an object's life is <Kind>Created.
bool IsCreation(const json& result, const KindInfo& kind) {
  const auto events = result.find("events");
  if (events == result.end() || !events->is_array() || events->empty()) return false;
  return events->front().value("type", "") == kind.kind + "Created";
}

std::string Verdict(const json& result, const KindInfo& kind) {
  if (!result.value("accepted", false)) return RejectionText(result);
  const auto events = result.find("events");
  const bool changed = events != result.end() && events->is_array() && !events->empty();
  if (!changed) return "unchanged";
  return IsCreation(result, kind) ? "created" : "configured";
}

Outcome<Exit> ApplyOne(Session& session, const Manifest& manifest, Duration timeout) {
  const auto addressed = Address(session, manifest);
  if (!addressed) return Again(addressed.error());
  const std::string id = session.env().new_id();
  const json command{{"id", id},
                     {"entity", addressed->ref.Key()},
                     {"command", "Apply"},
                     {"payload", addressed->payload}};
  const auto sent = SendCommand(session, command.dump(), id, timeout);
  if (!sent) {
    return Fail(sent.error().exit, "{}: {}: {}", manifest.where, addressed->ref.Key(),
                sent.error().message);
  }
  const json result = json::parse(sent->text);
  session.env().out << addressed->ref.Key() << ' ' << Verdict(result, addressed->ref.kind)
                    << std::endl;
  return sent->accepted ? Exit::kDone : Exit::kRejected;
}

// Everything that can be applied is, and the exit code is that of the worst.
Outcome<Exit> Apply(Session& session, const ApplyOptions& options) {
  Exit worst = Exit::kDone;
  const auto report = [&](const Failure& failure) {
    session.env().err << "sluice: " << failure.message << std::endl;
    worst = Worse(worst, failure.exit);
  };
  for (const std::string& file : options.files) {
    const ManifestSet set = ReadManifests(session, file);
    for (const Manifest& manifest : set.manifests) {
      const auto applied = ApplyOne(session, manifest, options.timeout);
      if (applied) {
        worst = Worse(worst, *applied);
        continue;
      }
      report(applied.error());
      // With nobody there, the rest would fail in the same words.
      if (applied.error().exit == Exit::kUnavailable) return worst;
    }
    for (const Failure& failure : set.failures) report(failure);
  }
  return worst;
}

}  // namespace

void DefineApply(CommandLine& line) {
  const auto options = std::make_shared<ApplyOptions>();
  Arguments verb = line.Verb("apply", "Creates or changes objects as manifests say");
  verb.Texts("-f,--filename", &options->files, "A file, a folder, or - for standard input")
      .Length("--timeout", &options->timeout, "How long to wait for each decision [1m]")
      .Run([options](Session& session) -> Outcome<Exit> {
        if (options->files.empty()) {
          return Fail(Exit::kBadInput, "apply: say what to apply: -f FILE, -f FOLDER or -f -");
        }
        return Apply(session, *options);
      });
}

}  // namespace sluice::cli

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/build_info.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/verbs/verbs.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct VersionOptions {
  bool client_only = false;
  Output output;
};

Outcome<Exit> Version(Session& session, const VersionOptions& options) {
  json report{{"client", {{"version", BuildVersion()}, {"build", BuildType()}}}};
  if (!options.client_only) {
    // What is running is worth knowing also when nothing runs.
    const auto server = session.Ask("ask for the version", {.target = "/version"});
    report["server"] = {{"address", session.api().address()}};
    if (server && server->is_object()) {
      report["server"]["version"] = server->value("gitVersion", "unknown");
    } else if (!server) {
      report["server"]["error"] = server.error().message;
    }
  }
  std::ostream& out = session.env().out;
  if (!options.output.is_table()) {
    PrintValue(report, options.output, out);
    return Exit::kDone;
  }
  out << "sluice " << BuildVersion() << " (" << BuildType() << ")\n";
  if (!report.contains("server")) return Exit::kDone;
  const json& server = report["server"];
  if (server.contains("error")) {
    out << "server: none (" << server["error"].get<std::string>() << ")\n";
  } else {
    out << "server " << server["version"].get<std::string>() << " at "
        << server["address"].get<std::string>() << '\n';
  }
  return Exit::kDone;
}

}  // namespace

void DefineVersion(CommandLine& line) {
  const auto options = std::make_shared<VersionOptions>();
  Arguments verb = line.Verb("version", "Shows what this is, and what is running");
  verb.Flag("--client", &options->client_only, "Only what this is");
  options->output.Declare(verb);
  verb.Run([options](Session& session) { return Version(session, *options); });
}

}  // namespace sluice::cli

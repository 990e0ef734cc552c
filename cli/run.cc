#include "cli/run.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/arguments.h"
#include "cli/file_api.h"
#include "cli/offline.h"
#include "cli/session.h"
#include "cli/verbs/verbs.h"

namespace sluice::cli {
namespace {

// An answer with a member of another type than ours have throws in the JSON library; whatever sent
// it is not a node.
Outcome<Exit> RunVerb(Session& session, const CommandLine::Parsed& parsed) {
  try {
    return parsed.run(session);
  } catch (const nlohmann::json::exception& error) {
    return Fail(Exit::kUnavailable, "{}: {} answered with something unexpected ({}); is it Sluice?",
                parsed.verb, session.api().address(), error.what());
  }
}

Outcome<std::unique_ptr<Api>> Connect(const CommandLine::Parsed& parsed, bool keep_going,
                                      Environment& environment) {
  if (parsed.data.empty()) {
    if (!parsed.server.empty()) return environment.connect(parsed.server);
    return environment.connect(environment.variable("SLUICE_SERVER").value_or(kDefaultServer));
  }
  if (!parsed.server.empty()) {
    return Fail(Exit::kBadInput, "give --server or --data, not both");
  }
  const bool has_its_own = parsed.verb == "up" || parsed.verb == "provider local" ||
                           parsed.verb == "import" || parsed.verb == "restore";
  if (has_its_own) {
    return Fail(Exit::kBadInput, "--data stands behind the verb: sluice {} --data {}", parsed.verb,
                parsed.data);
  }
  return OpenData(parsed.data, keep_going, environment);
}

}  // namespace

Outcome<std::unique_ptr<Api>> OpenData(const std::string& path, bool keep_going,
                                       Environment& environment) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) {
    return OpenExport(path, keep_going, environment);
  }
  return OpenDataDirectory(path, environment);
}

Exit RunSluice(std::vector<std::string> arguments, Environment& environment) {
  CommandLine line;
  DefineVerbs(line);
  // Of whom is asked, not of the verb, as --data is.
  const bool keep_going = std::erase(arguments, "--keep-going") > 0;
  const auto parsed = line.Parse(std::move(arguments));
  if (!parsed) {
    environment.err << "sluice: " << parsed.error().message << '\n';
    return parsed.error().exit;
  }
  if (!parsed->run) {
    environment.out << parsed->help;
    return Exit::kDone;
  }
  auto api = Connect(*parsed, keep_going, environment);
  if (!api) {
    environment.err << "sluice: " << api.error().message << '\n';
    return api.error().exit;
  }
  Session session(environment, *std::move(api),
                  parsed->namespace_.empty() ? "default" : parsed->namespace_);
  const auto exit = RunVerb(session, *parsed);
  environment.out.flush();
  if (exit) return *exit;
  environment.err << "sluice: " << exit.error().message << '\n';
  return exit.error().exit;
}

}  // namespace sluice::cli

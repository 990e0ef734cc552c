#include "cli/run.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/arguments.h"
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

}  // namespace

Exit RunSluice(std::vector<std::string> arguments, Environment& environment) {
  CommandLine line;
  DefineVerbs(line);
  const auto parsed = line.Parse(std::move(arguments));
  if (!parsed) {
    environment.err << "sluice: " << parsed.error().message << '\n';
    return parsed.error().exit;
  }
  if (!parsed->run) {
    environment.out << parsed->help;
    return Exit::kDone;
  }
  std::string server = parsed->server;
  if (server.empty()) server = environment.variable("SLUICE_SERVER").value_or(kDefaultServer);
  Session session(environment, environment.connect(server),
                  parsed->namespace_.empty() ? "default" : parsed->namespace_);
  const auto exit = RunVerb(session, *parsed);
  environment.out.flush();
  if (exit) return *exit;
  environment.err << "sluice: " << exit.error().message << '\n';
  return exit.error().exit;
}

}  // namespace sluice::cli

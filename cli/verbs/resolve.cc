#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/debugger.h"
#include "cli/output.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"
#include "service/client/url.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct ResolveOptions {
  std::string name;
  std::string key;
  std::string expect;
  std::string at;
  Output output;
};

// "name", "namespace/name", or an object that has a name.
std::string NameIn(const json& answer, const char* member) {
  const auto found = answer.is_object() ? answer.find(member) : answer.end();
  if (found == answer.end() || found->is_null()) return "<none>";
  return found->is_object() ? Member(*found, "name") : CellText(*found);
}

std::string Addresses(const json& answer) {
  const auto found = answer.is_object() ? answer.find("addresses") : answer.end();
  if (found == answer.end() || !found->is_array() || found->empty()) return "<none>";
  std::string text;
  for (const json& address : *found) {
    text += (text.empty() ? "" : ",") +
            (address.is_object() ? Member(address, "address") : CellText(address));
  }
  return text;
}

Outcome<std::string> Path(Session& session, const ResolveOptions& options, const std::string& at) {
  const std::string match = at.empty() ? "" : "Exact";
  if (options.name.empty() == options.key.empty()) {
    return Fail(Exit::kBadInput, "resolve: give the binding's name, or --key KEY");
  }
  if (!options.key.empty()) {
    return "/resolve" + QueryString({{"namespace", session.namespace_name()},
                                     {"key", options.key},
                                     {"resourceVersion", at},
                                     {"resourceVersionMatch", match}});
  }
  const std::string& name = options.name;
  const std::string query = QueryString({{"resourceVersion", at}, {"resourceVersionMatch", match}});
  // NAME, NAMESPACE/NAME, binding/NAME and binding/NAMESPACE/NAME are all clear enough.
  const size_t slash = name.find('/');
  if (slash == std::string::npos) {
    return "/resolve/" + PercentEncode(session.namespace_name()) + "/" + PercentEncode(name) +
           query;
  }
  const bool is_full = name.find('/', slash + 1) != std::string::npos;
  const bool names_kind = is_full || name.starts_with("binding/") || name.starts_with("bindings/");
  const auto ref = session.ParseRef(names_kind ? name : "binding/" + name);
  if (!ref) return Again(ref.error());
  if (ref->kind.singular != "binding") {
    return Fail(Exit::kBadInput, "resolve: '{}' is no binding", name);
  }
  return "/resolve/" + ref->namespace_ + "/" + ref->name + query;
}

Outcome<Exit> Resolve(Session& session, const ResolveOptions& options) {
  const auto at = PointInTime(session, "resolve --at", options.at);
  if (!at) return Again(at.error());
  auto path = Path(session, options, *at);
  if (!path) return Again(path.error());
  HttpRequest request{.target = *std::move(path)};
  if (!options.expect.empty()) {
    if (!json::parse(options.expect, nullptr, false).is_object()) {
      return Fail(Exit::kBadInput, "--expect: must be a JSON object, a subset of the template");
    }
    request.method = "POST";
    request.body = options.expect;
  }
  const std::string& what = options.name.empty() ? options.key : options.name;
  const auto answer = session.Ask("resolve " + what, request);
  if (!answer) return Again(answer.error());
  if (options.output.is_table()) {
    Table table({"BINDING", "INSTANCE", "ADDRESS", "READY", "REASON", "MESSAGE"});
    table.Add({NameIn(*answer, "binding"), NameIn(*answer, "instance"), Addresses(*answer),
               Member(*answer, "ready"), Member(*answer, "reason"), Member(*answer, "message")});
    table.Print(session.env().out);
  } else {
    PrintValue(*answer, options.output, session.env().out);
  }
  // Asked whether it is the right one, "no" is an answer a script can see.
  return Member(*answer, "reason") == "TargetMismatch" ? Exit::kRejected : Exit::kDone;
}

}  // namespace

void DefineResolve(CommandLine& line) {
  const auto options = std::make_shared<ResolveOptions>();
  Arguments verb = line.Verb("resolve", "Shows the active instance behind a binding");
  verb.Word("NAME", &options->name, "The binding's name", false)
      .Text("--key", &options->key, "Its binding key instead")
      .Text("--expect", &options->expect, "A target it must match: JSON, a subset of the template")
      .Text("--at", &options->at, "As of a position (0:17), a time, or so long ago (-5m)");
  options->output.Declare(verb);
  verb.Run([options](Session& session) { return Resolve(session, *options); });
}

}  // namespace sluice::cli

#include "cli/verbs/provider.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/verbs/verbs.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct TakeOverOptions {
  std::string location;
  std::string holder;
  std::string data;
};

// The name under which the provider on that data directory holds leases; it writes it at its start.
Outcome<std::string> HolderOf(const TakeOverOptions& options) {
  if (!options.holder.empty()) return options.holder;
  if (options.data.empty()) {
    return Fail(
        Exit::kBadInput,
        "provider take-over: say who takes it: --data DIR of the new provider, or --holder");
  }
  const std::filesystem::path data(options.data);
  const auto path = std::filesystem::exists(data / "region" / "holder") ? data / "region" / "holder"
                                                                        : data / "local" / "holder";
  std::ifstream file(path);
  std::string holder;
  if (!std::getline(file, holder) || holder.empty()) {
    return Fail(
        Exit::kBadInput,
        "{}: cannot be read; start the provider on that data directory once, then try again",
        path.string());
  }
  return holder;
}

Outcome<Exit> TakeOver(Session& session, const TakeOverOptions& options) {
  const auto holder = HolderOf(options);
  if (!holder) return Again(holder.error());
  const auto ref = ParseLocation(session, options.location);
  if (!ref) return Again(ref.error());
  const auto location = session.Ask("get " + ref->Key(), {.target = ref->Path()});
  if (!location) return Again(location.error());
  const json spec = location->value("spec", json::object());
  const std::string id = session.env().new_id();
  const json command{
      {"id", id},
      {"entity", ref->Key()},
      {"command", "TakeOverLease"},
      {"payload", {{"provider", spec.value("provider", "local")}, {"holder", *holder}}}};
  const auto sent = SendCommand(session, command.dump(), id, kCommandTimeout);
  if (!sent) return Again(sent.error());
  if (!sent->accepted) {
    session.env().out << ref->Key() << ' ' << RejectionText(json::parse(sent->text)) << '\n';
    return Exit::kRejected;
  }
  session.env().out << ref->Key() << " taken over by " << *holder << '\n';
  return Exit::kDone;
}

}  // namespace

Outcome<ObjectRef> ParseLocation(Session& session, const std::string& text) {
  const auto slashes = std::count(text.begin(), text.end(), '/');
  const bool names_kind = slashes == 2 || text.starts_with("location/");
  auto ref = session.ParseRef(names_kind ? text : "location/" + text);
  if (ref && ref->kind.singular != "location") {
    return Fail(Exit::kBadInput, "'{}' is no location", text);
  }
  return ref;
}

void DefineProvider(CommandLine& line) {
  Arguments verb = line.Verb("provider", "Providers apart from a node: runs one, moves a location");
  DefineProviderDrift(verb);
  DefineProviderGitHub(verb);
  DefineProviderLocal(verb);
  DefineProviderNotify(verb);
  DefineProviderRegion(verb);
  const auto options = std::make_shared<TakeOverOptions>();
  Arguments take_over =
      verb.Sub("take-over",
               "Gives a location to another provider. Only when the old one's host is stopped!");
  take_over.Word("LOCATION", &options->location, "NAME, or NAMESPACE/NAME")
      .Text("--data", &options->data, "The data directory of the provider that takes it")
      .Text("--holder", &options->holder, "Its name in leases instead")
      .Run([options](Session& session) { return TakeOver(session, *options); });
}

}  // namespace sluice::cli

#include <memory>

#include "cli/verbs/provider.h"
#include "providers/local/local_provider.h"

namespace sluice::cli {
namespace {

struct ProviderLocalOptions {
  std::string data;
  std::vector<std::string> locations;
  bool stop_processes = false;
};

Outcome<Exit> RunLocal(Session& session, const ProviderLocalOptions& options) {
  if (options.data.empty()) {
    return Fail(Exit::kBadInput, "provider local: --data DIR says where it keeps its processes");
  }
  LocalProviderOptions provider;
  provider.server_url = session.api().address();
  provider.data_dir = options.data;
  provider.stop_processes = options.stop_processes;
  provider.ready = [&session, &provider] {
    session.env().out << "provider local: ready, of the node at " << provider.server_url
                      << std::endl;
  };
  for (const std::string& text : options.locations) {
    auto name = LocationName(session, text);
    if (!name) return Again(name.error());
    provider.locations.insert(*std::move(name));
  }
  const Result<void> served = ServeLocalProvider(provider, session.env().stop);
  if (!served) return FromError(served.error());
  return Exit::kDone;
}

}  // namespace

// Needs no kinds of the node, which may not be up yet: names are checked by their form alone.
Outcome<std::string> LocationName(Session& session, const std::string& text) {
  const size_t slash = text.find('/');
  const bool is_full = slash != std::string::npos && slash > 0 && slash + 1 < text.size() &&
                       text.find('/', slash + 1) == std::string::npos;
  if (is_full) return text;
  if (slash == std::string::npos && !text.empty()) return session.namespace_name() + "/" + text;
  return Fail(Exit::kBadInput, "--location '{}' should be NAME or NAMESPACE/NAME", text);
}

void DefineProviderLocal(Arguments& provider) {
  const auto options = std::make_shared<ProviderLocalOptions>();
  Arguments local = provider.Sub("local", "Runs processes on this host for a node elsewhere");
  local.Text("--data", &options->data, "Where it keeps its processes; one provider at a time")
      .Texts("--location", &options->locations, "Only these: NAME or NAMESPACE/NAME [all local]")
      .Flag("--stop-processes", &options->stop_processes,
            "Ends what runs when it ends; else the next one takes it over")
      .Run([options](Session& session) { return RunLocal(session, *options); });
}

}  // namespace sluice::cli

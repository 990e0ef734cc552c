#include <filesystem>
#include <memory>

#include "cli/verbs/provider.h"
#include "providers/drift/drift_provider.h"

namespace sluice::cli {
namespace {

struct ProviderDriftOptions {
  std::string dir;
  std::string holder;
};

Outcome<Exit> RunDrift(Session& session, const ProviderDriftOptions& options) {
  if (options.dir.empty()) {
    return Fail(Exit::kBadInput, "provider drift: --dir DIR says where the clusters' files are");
  }
  if (!std::filesystem::is_directory(options.dir)) {
    return Fail(Exit::kBadInput, "provider drift: --dir {}: is no directory", options.dir);
  }
  DriftProviderOptions provider;
  provider.server_url = session.api().address();
  provider.directory = options.dir;
  provider.holder = options.holder;
  provider.ready = [&session, &provider] {
    session.env().out << "provider drift: ready, of the node at " << provider.server_url
                      << ", looking at " << provider.directory.string() << std::endl;
  };
  const Result<void> served = ServeDriftProvider(provider, session.env().stop);
  if (!served) return FromError(served.error());
  return Exit::kDone;
}

}  // namespace

void DefineProviderDrift(Arguments& provider) {
  const auto options = std::make_shared<ProviderDriftOptions>();
  Arguments drift =
      provider.Sub("drift", "Reports how clusters kept in files differ from what was merged");
  drift.Text("--dir", &options->dir, "Holds a directory per cluster (docs/planes/delivery.md)")
      .Text("--holder", &options->holder, "Its name in the lease [drift-HOST]")
      .Run([options](Session& session) { return RunDrift(session, *options); });
}

}  // namespace sluice::cli

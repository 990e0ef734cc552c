#include <memory>
#include <ostream>

#include "cli/verbs/provider.h"
#include "providers/notify/notify_provider.h"

namespace sluice::cli {
namespace {

struct ProviderNotifyOptions {
  std::string timeout = "10s";
  uint64_t workers = 4;
};

Outcome<Exit> RunNotify(Session& session, const ProviderNotifyOptions& options) {
  const auto timeout = ParseDuration(options.timeout);
  if (!timeout || *timeout <= Duration{}) {
    return Fail(Exit::kBadInput, "--timeout '{}' should be a duration above 0, as 10s",
                options.timeout);
  }
  if (options.workers < 1 || options.workers > 256) {
    return Fail(Exit::kBadInput, "--workers should be 1 to 256");
  }
  NotifyProviderOptions provider;
  provider.server_url = session.api().address();
  provider.timeout = *timeout;
  provider.workers = options.workers;
  provider.ready = [&session, &provider] {
    session.env().out << "provider notify: ready, of the node at " << provider.server_url
                      << std::endl;
  };
  ServeNotifications(provider, session.env().stop);
  return Exit::kDone;
}

}  // namespace

void DefineProviderNotify(Arguments& provider) {
  const auto options = std::make_shared<ProviderNotifyOptions>();
  Arguments notify =
      provider.Sub("notify", "Announces phase changes of instances to the URLs they name");
  notify.Text("--timeout", &options->timeout, "Of one announcement [10s]")
      .Number("--workers", &options->workers, "Announcements under way at once [4]")
      .Run([options](Session& session) { return RunNotify(session, *options); });
}

}  // namespace sluice::cli

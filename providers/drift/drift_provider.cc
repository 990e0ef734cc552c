#include "providers/drift/drift_provider.h"

#include "providers/common/serve.h"
#include "providers/drift/provider.h"
#include "service/client/http_client.h"

namespace sluice {

Result<void> ServeDriftProvider(const DriftProviderOptions& options, std::stop_token stop) {
  constexpr char kProvider[] = "drift";
  HttpClient node(options.server_url);
  HttpClient watch(options.server_url);
  const std::string session = RandomSession();
  Lease lease(node, kProvider, options.holder.empty() ? HostHolder(kProvider) : options.holder,
              session);
  PendingActions pending(watch, kProvider);
  drift::Provider provider(
      node, lease,
      [&options](const std::string& cluster, const std::string& wanted) {
        return drift::ReadCluster(options.directory, cluster, wanted);
      },
      session, &SystemTime);
  return ServePending(lease, pending, provider, options.ready, std::move(stop));
}

}  // namespace sluice

#include "providers/github/github_provider.h"

#include "providers/common/serve.h"
#include "providers/github/provider.h"
#include "service/client/http_client.h"

namespace sluice {
namespace {

constexpr char kProvider[] = "github";

// The token must not go over a network in the clear.
Result<std::string> CheckedUrl(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  if (url.starts_with("https://")) return url;
  constexpr std::string_view kHttp = "http://";
  if (url.starts_with(kHttp)) {
    const std::string rest = url.substr(kHttp.size());
    const std::string host = rest.substr(0, rest.find_first_of(":/"));
    const bool is_127 =
        host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
    if (host == "localhost" || is_127) return url;
  }
  return Err(ErrorCode::kInvalid, "'{}' should begin with https:// (http:// on loopback only)",
             url);
}

}  // namespace

Result<void> ServeGitHubProvider(const GitHubProviderOptions& options, std::stop_token stop) {
  const Result<std::string> api_url = CheckedUrl(options.api_url);
  if (!api_url) return tl::unexpected(api_url.error());
  HttpClient node(options.server_url);
  HttpClient watch(options.server_url);
  const auto transport = github::MakeCurlTransport({.ca_file = options.ca_file});
  github::Client client({.api_url = *api_url, .token = options.token}, *transport, &SystemTime);
  const std::string session = RandomSession();
  Lease lease(node, kProvider, options.holder.empty() ? HostHolder(kProvider) : options.holder,
              session);
  PendingActions pending(watch, kProvider);
  github::Provider provider(node, client, lease, session, &SystemTime);
  return ServePending(lease, pending, provider, options.ready, std::move(stop));
}

}  // namespace sluice

#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "events/result.h"

namespace sluice {

struct GitHubProviderOptions {
  std::string server_url = "http://127.0.0.1:7420";
  std::string api_url = "https://api.github.com";
  std::string token;    // Never logged.
  std::string ca_file;  // PEM certificates to trust instead of the system's; may be empty.
  std::string holder;   // Its name in the lease; empty: `github-HOST`.
  // Called once, when it holds its lease.
  std::function<void()> ready;
};

// Serves pull requests until `stop` is requested. It waits for a node that is away and for a lease
// that is somebody else's. kInvalid for an API address it would not send the token to; kFenced when
// another run of the same provider took the lease.
Result<void> ServeGitHubProvider(const GitHubProviderOptions& options, std::stop_token stop);

}  // namespace sluice

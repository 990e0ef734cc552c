#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "events/result.h"

namespace sluice {

struct DriftProviderOptions {
  std::string server_url = "http://127.0.0.1:7420";
  std::filesystem::path directory;  // A directory per cluster (cluster_files.h).
  std::string holder;               // Its name in the lease; empty: `drift-HOST`.
  std::function<void()> ready;      // Called once, when it holds its lease.
};

// Reports for driftmonitors until `stop` is requested. kFenced when another run of the same
// provider took the lease.
Result<void> ServeDriftProvider(const DriftProviderOptions& options, std::stop_token stop);

}  // namespace sluice

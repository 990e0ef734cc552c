#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <stop_token>
#include <string>

#include "events/result.h"
#include "providers/local/log_reader.h"

namespace sluice {

struct LocalProviderOptions {
  std::string server_url = "http://127.0.0.1:7420";
  std::set<std::string> locations;  // `namespace/name`; empty: all whose provider is `local`.
  std::filesystem::path data_dir;   // Its processes live in DATA/local; one provider at a time.
  std::filesystem::path working_dir = std::filesystem::current_path();  // Of the processes.
  // Ends every process when the provider is stopped. Otherwise they run on, and the next provider
  // on the directory takes them over.
  bool stop_processes = false;
  // Called once, on the provider's thread, when it holds its directory and has taken over what
  // runs.
  std::function<void()> ready;
};

// The name under which the provider on this data directory holds leases (`sluice provider
// take-over` gives a lease to it); made at the first call and kept in DATA/local/holder.
Result<std::string> LocalProviderHolder(const std::filesystem::path& data_dir);

// Serves locations until `stop` is requested: what `sluice up --provider local` runs in a thread
// and `sluice provider local` in its main one. It waits for a node that is not up yet, or away.
// kUnavailable when another provider uses the directory; kIo when it cannot be written.
Result<void> ServeLocalProvider(const LocalProviderOptions& options, std::stop_token stop);

// The same for a command line: an error is logged; 0, or 3 for an error (design §7).
int RunLocalProvider(const LocalProviderOptions& options, std::stop_token stop);

}  // namespace sluice

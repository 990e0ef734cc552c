// `sluice provider region`: a simulated region that serves locations whose provider is `region`.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "events/result.h"
#include "providers/region/region_session.h"

namespace sluice::region {

// Finds the locations it serves and keeps a session for each. Single-threaded; all it touches is
// injected.
class RegionProvider {
 public:
  // `locations`: `namespace/name`; empty: all whose provider is `region`.
  RegionProvider(std::set<std::string> locations, std::string holder, std::string session_id,
                 NodeClient& node, Scheduler& scheduler, SimulatedRegion& region);
  ~RegionProvider();

  // Of a location it serves, or null.
  const RegionSession* session(const std::string& location) const;
  // Called before a change of the region is told to anybody.
  std::function<void()> on_change;

 private:
  void Watch();
  void OnEvent(const NodeEvent& event);

  const std::set<std::string> locations_;
  const std::string holder_;
  const std::string session_id_;
  NodeClient& node_;
  Scheduler& scheduler_;
  SimulatedRegion& region_;
  uint32_t watch_failures_ = 0;
  std::map<std::string, std::unique_ptr<RegionSession>> sessions_;
  uint64_t sessions_made_ = 0;
  std::set<std::string> seen_;  // Locations told since the watch began.
  std::unique_ptr<local::NodeWatch> watch_;
  ScopedTimer again_;
};

struct RegionProviderOptions {
  std::string server_url = "http://127.0.0.1:7420";
  std::set<std::string> locations;
  std::filesystem::path data_dir;  // The region lives in DATA/region; one program at a time.
  RegionOptions region;
  std::vector<FaultRule> faults;
  std::function<void()> ready;  // Called once the region is there.
};

// Serves until `stop` is requested. kUnavailable when another program has the directory; kIo,
// kCorruption.
Result<void> ServeRegionProvider(const RegionProviderOptions& options, std::stop_token stop);

}  // namespace sluice::region

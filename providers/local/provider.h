#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "providers/local/location_session.h"

namespace sluice::local {

struct ProviderOptions {
  std::set<std::string> locations;  // `namespace/name`; empty: all whose provider is `local`.
  std::string holder;               // Names the data directory in leases.
  std::string session_id;           // Names this run of the provider; new at every start.
};

// The local provider: finds the locations it serves and keeps a session for each. Single-threaded;
// all it touches is injected. Destroying it leaves the processes running.
class Provider {
 public:
  Provider(ProviderOptions options, NodeClient& node, Scheduler& scheduler, ProcessHost& host);
  ~Provider();

  // Of a location it serves, or null.
  const LocationSession* session(const std::string& location) const;

 private:
  void Watch();
  void OnEvent(const NodeEvent& event);

  const ProviderOptions options_;
  NodeClient& node_;
  Scheduler& scheduler_;
  ProcessHost& host_;
  uint32_t watch_failures_ = 0;
  std::map<std::string, std::unique_ptr<LocationSession>> sessions_;
  uint64_t sessions_made_ = 0;
  std::set<std::string> seen_;  // Locations told since the watch began.
  std::unique_ptr<NodeWatch> watch_;
  ScopedTimer again_;
};

}  // namespace sluice::local

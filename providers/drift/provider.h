#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "providers/common/lease.h"
#include "providers/common/pending_actions.h"
#include "providers/drift/cluster_files.h"
#include "service/client/api.h"

namespace sluice::drift {

// Looks at each watched cluster every interval of its monitor, and reports what changed; the same
// again only so often that the monitor's deadline does not pass. Never sleeps: the caller asks for
// a step when NextDue has come. Single-threaded.
class Provider {
 public:
  // Reads a cluster as ReadCluster does.
  using Reader =
      std::function<Result<ClusterState>(const std::string& cluster, const std::string& wanted)>;

  Provider(Api& node, Lease& lease, Reader reader, std::string session, std::function<Time()> now);

  void OnActions(const std::vector<PendingWork>& work);
  void Step();
  Time NextDue() const;

 private:
  struct Watched {
    EntityKey entity;
    std::string uid;
    uint64_t generation = 0;  // Of its spec, which says how often it is looked at.
    Time due;
    Time reported_at{};
    std::optional<ClusterState> reported{};  // Under `term`.
    uint64_t term = 0;
    std::string complaint{};  // The last one logged.
  };

  void Look(Watched& watched);
  void Complain(Watched& watched, const std::string& what);
  bool Report(const Watched& watched, const ClusterState& state);

  Api& node_;
  Lease& lease_;
  const Reader reader_;
  const std::string session_;
  const std::function<Time()> now_;
  uint64_t last_command_ = 0;
  std::map<std::string, Watched> watched_;  // By entity.
};

}  // namespace sluice::drift

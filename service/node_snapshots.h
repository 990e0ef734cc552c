#pragma once

#include "engine/node.h"
#include "service/snapshot_keeper.h"

namespace sluice::service {

// The snapshots of a node in this process, which outlives it.
class NodeSnapshots final : public SnapshotKeeper {
 public:
  explicit NodeSnapshots(Node& node) : node_(node) {}

  Answer<std::string> List() override;
  Answer<std::string> Manifest(const std::string& name) override;
  Answer<std::string> ReadFile(const std::string& name, uint64_t partition, const std::string& file,
                               uint64_t offset) override;
  void Run(const SnapshotTask& task, const std::function<bool(std::string line)>& emit,
           std::stop_token stop) override;

 private:
  Node& node_;
};

}  // namespace sluice::service

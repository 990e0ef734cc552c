// A node in this process with a data set of instances, made once and shared by the groups.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/load.h"
#include "bench/options.h"
#include "bench/scratch_directory.h"
#include "engine/node.h"

namespace sluice::bench {

// Opens a node on `data_dir`, new or not, and waits until every partition decides.
Result<std::unique_ptr<Node>> OpenNode(const BenchOptions& options, const std::string& data_dir,
                                       AdmissionLimits admission = {});

// One past the last decision, by partition.
std::vector<uint64_t> EndSequences(const Node& node);
uint64_t CountDecisions(const Node& node);

// Waits until nothing is decided any more: what commands set off has come to rest. However slow the
// node is: it asks each partition something, which is answered when what stood before is decided.
// Returns how many decisions there are, without those.
Result<uint64_t> AwaitRest(Node& node, std::stop_token stop);
// Waits until the process does nothing any more: what was flushed is compacted.
Result<void> AwaitIdle(std::stop_token stop);
// Brings everything decided to disk and waits until it is compacted: whoever wrote it has paid for
// it then. `directory` is made and removed.
Result<void> SettleFiles(const Node& node, const std::string& directory, std::stop_token stop);

// `options.entities` instances, each with the same number of decisions behind it. Not thread-safe.
class DataSet {
 public:
  explicit DataSet(const BenchOptions& options) : options_(options) {}

  // Loads it when that was not done. The node runs until Close.
  Result<Node*> Open();
  void Close() { node_.reset(); }

  // The next command of the load: the instances in turn, in an order that is no order.
  Command Next();
  std::string data_dir() const { return scratch_->Path("node"); }
  const ScratchDirectory& scratch() const { return *scratch_; }
  // Makes the directory when that was not done.
  Result<void> MakeScratch();
  // Of the load that made it, per command.
  double load_per_s() const { return load_per_s_; }

  static constexpr uint64_t kStepsLoaded = 4;  // commands per instance when it is made

 private:
  // From options.data_set, which is made where it is not.
  Result<void> CopyKept();
  Result<void> Load();
  // The command that comes `n`-th while it is made.
  Command LoadStep(uint64_t n) const;

  const BenchOptions& options_;
  std::unique_ptr<ScratchDirectory> scratch_;
  std::unique_ptr<Node> node_;
  bool loaded_ = false;
  double load_per_s_ = 0;
  uint64_t next_ = 0;
};

}  // namespace sluice::bench

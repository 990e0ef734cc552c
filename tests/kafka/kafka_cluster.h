// Several real nodes on one real broker, users who load them, and what must be true afterwards:
// every acknowledged command decided once, versions and sequences without gaps, and on every node
// the live state equal to what the log folds to, hash by hash.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/load.h"
#include "tests/support/node_process.h"

namespace sluice::testing {

class KafkaCluster {
 public:
  // Topics of this many partitions on the test's broker; `users` for each of the nodes.
  KafkaCluster(size_t nodes, uint32_t partitions, size_t users, int replication = 1);
  ~KafkaCluster();

  // Reaches the broker by these words of the command line, not by its plain listener.
  void ConnectBy(std::vector<std::string> words) { connect_ = std::move(words); }
  // More words for the command line of nodes that are started from here on.
  void SetMore(std::vector<std::string> words) { more_ = std::move(words); }
  // Starts node `i` on its data directory; ready when it returns.
  void Start(size_t i);
  void StartAll();
  NodeProcess& node(size_t i) { return *nodes_[i]; }
  std::string data(size_t i) const { return directory_ / ("n" + std::to_string(i)); }
  size_t size() const { return nodes_.size(); }
  size_t Pick(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(random_); }

  // Users of node `i` send until it is gone or the load is stopped.
  void Load(size_t i);
  // Waits until so many more commands are answered, by anybody.
  void AwaitAnswers(size_t more);
  void StopLoad();
  // Waits until every node's /readyz says so.
  void AwaitReadiness(bool ready);
  // Waits until what a node says of itself at `target` (/readyz, /nodes) has `text` in it.
  void AwaitText(const std::string& target, const std::string& text);
  size_t answered();

  // Stops the load and, once every node holds the same, the nodes; then reads what each left.
  void StopAndCheck();
  // Waits until nothing waits to be decided, and all nodes that run have applied the same
  // decisions.
  void AwaitEqual();
  // Of each partition in the node's projections, in the order of its metrics; empty when it does
  // not answer.
  static std::vector<uint64_t> Applied(const NodeProcess& node);
  // How many terms were opened so far, of all partitions together, as the nodes that run know.
  uint64_t Terms() const;
  void AwaitTermsAbove(uint64_t terms);
  const std::string& cluster() const { return cluster_; }

 private:
  // Whether each partition has a node that decides it and says that none of its input waits.
  bool AllDecided() const;
  // A metric of a node by its labels; empty when it does not answer.
  static std::map<std::string, uint64_t> PartitionMetric(const NodeProcess& node,
                                                         const std::string& name);

  TempDir directory_{"kafka"};
  const std::string cluster_;
  const uint32_t partitions_;
  const int replication_;
  std::vector<std::string> connect_;
  std::vector<std::string> more_;
  const size_t users_each_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<NodeProcess>> nodes_;
  std::vector<std::unique_ptr<LoadUser>> users_;  // users_each_ of each node
  std::mutex mutex_;
  std::condition_variable some_;
  size_t answered_ = 0;  // guarded by mutex_
  std::stop_source stop_;
  std::vector<std::vector<std::jthread>> threads_;  // by node
};

}  // namespace sluice::testing

#include "tests/kafka/kafka_cluster.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <iostream>
#include <set>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "service/client/http_client.h"

namespace sluice::testing {
namespace {

using SteadyClock = std::chrono::steady_clock;

uint64_t Seed() {
  const char* given = std::getenv("SLUICE_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  return seed;
}

// Between two looks at another process.
void Idle(std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, time);
}

}  // namespace

KafkaCluster::KafkaCluster(size_t nodes, uint32_t partitions, size_t users, int replication)
    : cluster_(KafkaBroker::FreshCluster()),
      partitions_(partitions),
      replication_(replication),
      connect_{"--kafka", KafkaBroker::Bootstrap()},
      users_each_(users),
      random_(Seed()),
      nodes_(nodes),
      threads_(nodes) {
  for (size_t i = 0; i < nodes * users; ++i) {
    users_.push_back(std::make_unique<LoadUser>(random_(), fmt::format("u{}", i)));
  }
}

KafkaCluster::~KafkaCluster() { StopLoad(); }

void KafkaCluster::Start(size_t i) {
  threads_[i].clear();  // of the node that was there before
  std::vector<std::string> words = {"--cluster", cluster_, "--name", "n" + std::to_string(i),
                                    "--partitions", std::to_string(partitions_), "--replication",
                                    std::to_string(replication_),
                                    // So that a member that died is missed soon.
                                    "--kafka-property", "session.timeout.ms=2000"};
  words.insert(words.end(), connect_.begin(), connect_.end());
  words.insert(words.end(), more_.begin(), more_.end());
  nodes_[i] = std::make_unique<NodeProcess>(data(i), 0, words);
  ASSERT_TRUE(nodes_[i]->WaitReady()) << "node " << i << ": " << nodes_[i]->Errors();
}

void KafkaCluster::StartAll() {
  for (size_t i = 0; i < nodes_.size(); ++i) ASSERT_NO_FATAL_FAILURE(Start(i));
}

void KafkaCluster::Load(size_t i) {
  threads_[i].clear();
  for (size_t user = 0; user < users_each_; ++user) {
    threads_[i].emplace_back([this, i, user, url = nodes_[i]->url()] {
      users_[i * users_each_ + user]->Run(url, stop_.get_token(), [this](size_t more) {
        const std::lock_guard lock(mutex_);
        answered_ += more;
        some_.notify_all();
      });
    });
  }
}

size_t KafkaCluster::answered() {
  const std::lock_guard lock(mutex_);
  return answered_;
}

void KafkaCluster::AwaitAnswers(size_t more) {
  std::unique_lock lock(mutex_);
  const size_t wanted = answered_ + more;
  EXPECT_TRUE(some_.wait_for(lock, std::chrono::seconds(60), [&] { return answered_ >= wanted; }))
      << "only " << answered_ << " of " << wanted << " commands were answered within a minute";
}

void KafkaCluster::StopLoad() {
  stop_.request_stop();
  for (auto& threads : threads_) threads.clear();
  stop_ = std::stop_source();
}

void KafkaCluster::AwaitReadiness(bool ready) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(90);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    HttpClient client(nodes_[i]->url());
    std::string said = "nothing";
    bool reached = false;
    while (!reached && SteadyClock::now() < deadline) {
      const auto answer = client.Call({.target = "/readyz"});
      if (answer) said = answer->body;
      reached = answer && answer->ok() == ready;
      if (!reached) Idle(std::chrono::milliseconds(100));
    }
    EXPECT_TRUE(reached) << "node " << i << " says: " << said;
  }
}

void KafkaCluster::AwaitText(const std::string& target, const std::string& text) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(60);
  std::string said;
  while (SteadyClock::now() < deadline) {
    said.clear();
    for (const auto& node : nodes_) {
      if (!node || !node->Runs()) continue;
      HttpClient client(node->url());
      const auto answer = client.Call({.target = target});
      if (answer) said += answer->body + "\n";
    }
    if (said.find(text) != std::string::npos) return;
    Idle(std::chrono::milliseconds(50));
  }
  ADD_FAILURE() << target << " never says '" << text << "', but: " << said;
}

std::map<std::string, uint64_t> KafkaCluster::PartitionMetric(const NodeProcess& node,
                                                              const std::string& name) {
  HttpClient client(node.url());
  const auto metrics = client.Call({.target = "/metrics"});
  std::map<std::string, uint64_t> values;
  if (!metrics || !metrics->ok()) return values;
  const std::string begin = "\n" + name + "{";
  for (size_t at = 0; (at = metrics->body.find(begin, at)) != std::string::npos; ++at) {
    const size_t labels = at + begin.size();
    const size_t end = metrics->body.find("} ", labels);
    values[metrics->body.substr(labels, end - labels)] =
        std::strtoull(&metrics->body[end + 2], nullptr, 10);
  }
  return values;
}

std::vector<uint64_t> KafkaCluster::Applied(const NodeProcess& node) {
  std::vector<uint64_t> applied;
  for (const auto& [labels, sequence] :
       PartitionMetric(node, "sluice_partition_applied_sequence")) {
    applied.push_back(sequence);
  }
  return applied;
}

uint64_t KafkaCluster::Terms() const {
  std::map<std::string, uint64_t> highest;
  for (const auto& node : nodes_) {
    if (!node || !node->Runs()) continue;
    for (const auto& [labels, term] : PartitionMetric(*node, "sluice_partition_term")) {
      highest[labels] = std::max(highest[labels], term);
    }
  }
  uint64_t terms = 0;
  for (const auto& [labels, term] : highest) terms += term;
  return terms;
}

void KafkaCluster::AwaitTermsAbove(uint64_t terms) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(60);
  while (Terms() <= terms && SteadyClock::now() < deadline) Idle(std::chrono::milliseconds(50));
  EXPECT_GT(Terms(), terms);
}

bool KafkaCluster::AllDecided() const {
  std::set<std::string> decided;
  for (const auto& node : nodes_) {
    if (!node || !node->Runs()) continue;
    for (const auto& [labels, waiting] : PartitionMetric(*node, "sluice_partition_input_lag")) {
      if (waiting == 0) decided.insert(labels);
    }
  }
  return decided.size() == partitions_;
}

void KafkaCluster::AwaitEqual() {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(60);
  std::vector<uint64_t> before;
  std::vector<std::vector<uint64_t>> all;
  while (SteadyClock::now() < deadline) {
    all.clear();
    for (const auto& node : nodes_) {
      if (node && node->Runs()) all.push_back(Applied(*node));
    }
    const bool equal = AllDecided() && !all.empty() && !all.front().empty() &&
                       std::all_of(all.begin(), all.end(),
                                   [&](const auto& applied) { return applied == all.front(); });
    if (equal && all.front() == before) return;
    before = equal ? all.front() : std::vector<uint64_t>();
    Idle(std::chrono::milliseconds(500));
  }
  std::string text;
  for (const auto& applied : all) {
    for (const uint64_t sequence : applied) text += fmt::format(" {}", sequence);
    text += ";";
  }
  ADD_FAILURE() << "the nodes do not come to the same position"
                << (AllDecided() ? ":" : ", nor is every partition's input decided:") << text;
}

void KafkaCluster::StopAndCheck() {
  StopLoad();
  AwaitEqual();
  for (const auto& node : nodes_) {
    if (node) node->Signal(SIGTERM);
  }
  std::vector<std::string> faults;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!nodes_[i]) continue;
    EXPECT_EQ(nodes_[i]->Wait(), 0) << "node " << i << ": " << nodes_[i]->Errors();
    const FoldedLog log = FoldLog(data(i), &faults);
    CheckAllocators(log, &faults);
    for (const auto& user : users_) CheckAnswers(user->commands(), log, &faults);
    CompareProjections(data(i), log, /*caught_up=*/true, &faults);
    std::cout << fmt::format("node {}: {} decisions on {} entities in {} terms", i, log.decisions,
                             log.entities.size(), log.terms)
              << std::endl;
  }
  for (const auto& user : users_) {
    faults.insert(faults.end(), user->faults().begin(), user->faults().end());
  }
  std::string text;
  for (size_t i = 0; i < faults.size() && i < 20; ++i) text += "\n  " + faults[i];
  EXPECT_TRUE(faults.empty()) << faults.size() << " faults:" << text;
}

}  // namespace sluice::testing

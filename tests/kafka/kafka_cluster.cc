#include "tests/kafka/kafka_cluster.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <iostream>

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

std::vector<uint64_t> KafkaCluster::Applied(const NodeProcess& node) {
  HttpClient client(node.url());
  const auto metrics = client.Call({.target = "/metrics"});
  std::vector<uint64_t> applied;
  if (!metrics || !metrics->ok()) return applied;
  constexpr std::string_view kName = "\nsluice_partition_applied_sequence{";
  for (size_t at = 0; (at = metrics->body.find(kName, at)) != std::string::npos; ++at) {
    applied.push_back(std::strtoull(&metrics->body[metrics->body.find("} ", at) + 2], nullptr, 10));
  }
  return applied;
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
    const bool equal = !all.empty() && !all.front().empty() &&
                       std::all_of(all.begin(), all.end(),
                                   [&](const auto& applied) { return applied == all.front(); });
    if (equal && all.front() == before) return;
    before = equal ? all.front() : std::vector<uint64_t>();
    Idle(std::chrono::milliseconds(300));
  }
  std::string text;
  for (const auto& applied : all) {
    for (const uint64_t sequence : applied) text += fmt::format(" {}", sequence);
    text += ";";
  }
  ADD_FAILURE() << "the nodes do not come to the same position:" << text;
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

// What a node that follows a partition says when it may not read it, against librdkafka's mock.
#include "engine/journal/kafka/kafka_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "engine/clock.h"
#include "engine/journal/kafka/kafka_guard.h"
#include "engine/journal/kafka/kafka_membership.h"

namespace sluice::kafka {
namespace {

using ::testing::HasSubstr;

constexpr int16_t kFetchRequest = 1;  // of Kafka's protocol

class KafkaTail : public ::testing::Test {
 protected:
  KafkaTail()
      : path_(std::filesystem::temp_directory_path() / fmt::format("sluice-tail-{}", getpid())),
        handle_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        brokers_(rd_kafka_mock_cluster_new(handle_, 1)) {
    KafkaOptions options;
    options.bootstrap = rd_kafka_mock_cluster_bootstraps(brokers_);
    options.cluster = "c";
    core_ = std::make_unique<KafkaJournal::Core>(std::move(options));
    rd_kafka_mock_topic_create(brokers_, core_->names.events.c_str(), 1, 1);
    core_->partitions = 1;
    EmbeddedOptions archived;
    archived.path = path_.string();
    archived.partitions = 1;
    archived.clock = &clock_;
    auto archive = journal::LogStore::Open(archived);
    CHECK(archive);
    core_->archive = std::move(*archive);
    core_->slots.push_back(std::make_unique<KafkaJournal::Core::Slot>());
    core_->slots[0]->follower = [this] {
      const std::lock_guard lock(mutex_);
      ++told_;
      changed_.notify_all();
    };
  }
  ~KafkaTail() override {
    core_.reset();
    rd_kafka_mock_cluster_destroy(brokers_);
    rd_kafka_destroy(handle_);
    std::filesystem::remove_all(path_);
  }
  std::string Fault() {
    const std::lock_guard lock(core_->slots[0]->mutex);
    return core_->slots[0]->fault;
  }
  // Whether it comes to be so, while the follower is told of changes.
  template <class Is>
  bool Await(const Is& is) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (size_t seen = 0; !is(Fault());) {
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, deadline, [&] { return told_ > seen; })) return false;
      seen = told_;
    }
    return true;
  }

  const std::filesystem::path path_;
  const SystemClock clock_;
  rd_kafka_t* handle_;
  rd_kafka_mock_cluster_t* brokers_;
  std::unique_ptr<KafkaJournal::Core> core_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t told_ = 0;  // guarded by mutex_
};

TEST_F(KafkaTail, AMissingRightIsToldUntilItIsThereAgain) {
  const std::vector<rd_kafka_resp_err_t> refused(10'000,
                                                 RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  rd_kafka_mock_push_request_errors_array(brokers_, kFetchRequest, refused.size(), refused.data());
  EventsTail tail(*core_);
  EXPECT_TRUE(Await([](const std::string& fault) { return !fault.empty(); }));
  EXPECT_THAT(Fault(), HasSubstr("allow Read on topic c.events with kafka-acls"));
  rd_kafka_mock_clear_request_errors(brokers_, kFetchRequest);
  EXPECT_TRUE(Await([](const std::string& fault) { return fault.empty(); })) << Fault();
}

}  // namespace
}  // namespace sluice::kafka

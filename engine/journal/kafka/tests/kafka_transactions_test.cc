// A term's transactions when the broker does not answer as it should, against librdkafka's mock.
#include "engine/journal/kafka/kafka_transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <set>

#include "engine/journal/kafka/kafka_guard.h"
#include "engine/journal/kafka/kafka_membership.h"
#include "engine/journal/kafka/kafka_tail.h"

namespace sluice::kafka {
namespace {

constexpr int16_t kEndTxnRequest = 26;  // of Kafka's protocol
const char* const kCluster = "c";

class KafkaTransactions : public ::testing::Test {
 protected:
  KafkaTransactions()
      : handle_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        brokers_(rd_kafka_mock_cluster_new(handle_, 1)) {
    const TopicNames names(kCluster);
    for (const std::string& topic : {names.events, names.internal, names.dead_letters}) {
      rd_kafka_mock_topic_create(brokers_, topic.c_str(), 1, 1);
    }
    KafkaOptions options;
    options.bootstrap = rd_kafka_mock_cluster_bootstraps(brokers_);
    options.cluster = kCluster;
    core_ = std::make_unique<KafkaJournal::Core>(std::move(options));
    core_->partitions = 1;
  }
  ~KafkaTransactions() override {
    core_.reset();
    rd_kafka_mock_cluster_destroy(brokers_);
    rd_kafka_destroy(handle_);
  }
  static CommitBatch Batch(uint64_t sequence) {
    return {.first_sequence = sequence, .records = {std::to_string(sequence)}};
  }

  rd_kafka_t* handle_;
  rd_kafka_mock_cluster_t* brokers_;
  std::unique_ptr<KafkaJournal::Core> core_;
};

TEST_F(KafkaTransactions, GoOneBehindTheOtherWhateverTheirId) {
  auto transactions = Transactions::TakeOver(*core_, 0);
  ASSERT_TRUE(transactions) << transactions.error().message;
  for (uint64_t sequence = 0; sequence < 3 * kTransactionalIds; ++sequence) {
    ASSERT_TRUE((*transactions)->Write(Batch(sequence)));
    EXPECT_EQ((*transactions)->next_offset(), sequence + 1);  // the mock writes no markers
  }
}

// The one behind it would go through another id, which nothing stands against.
TEST_F(KafkaTransactions, BehindOneOfWhichTheOutcomeIsUnknownThereIsNone) {
  auto transactions = Transactions::TakeOver(*core_, 0);
  ASSERT_TRUE(transactions) << transactions.error().message;
  ASSERT_TRUE((*transactions)->Write(Batch(0)));
  const std::vector<rd_kafka_resp_err_t> silence(1000, RD_KAFKA_RESP_ERR__TRANSPORT);
  rd_kafka_mock_push_request_errors_array(brokers_, kEndTxnRequest, silence.size(), silence.data());
  core_->hurry = true;  // it is waited for no longer than a moment
  const auto unknown = (*transactions)->Write(Batch(1));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kUnavailable) << unknown.error().message;
  rd_kafka_mock_clear_request_errors(brokers_, kEndTxnRequest);
  const auto refused = (*transactions)->Write(Batch(2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, unknown.error().message);
}

TEST(TransactionalIds, AreOfOnePartitionOfOneCluster) {
  std::set<std::string> ids;
  size_t count = 0;
  for (const char* cluster : {"shop", "shop-1", "shop-1-1", "shop-1.2", "shop.2"}) {
    ids.insert(std::string(cluster) + "-import");
    ++count;
    for (uint32_t partition = 0; partition < 25; ++partition) {
      for (const std::string& id : TransactionalIds(cluster, partition)) ids.insert(id);
      count += kTransactionalIds;
    }
  }
  EXPECT_EQ(ids.size(), count);
}

}  // namespace
}  // namespace sluice::kafka
